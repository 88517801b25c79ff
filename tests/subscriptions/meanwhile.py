"""The body of a request that takes its time: as it is read, something happens to whoever sends it."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from webpush_app.database import begin_write, db


class _Body(BytesIO):
    def __init__(self, app: Flask, data: bytes, what: Callable[[], object]) -> None:
        super().__init__(data)
        self.app, self.what = app, what

    def readinto(self, buffer: Any) -> int:
        with self.app.app_context():
            begin_write()
            self.what()
            db.session.commit()
        return super().readinto(buffer)


def post_while(client: FlaskClient, path: str, data: Any, what: Callable[[], object], **headers: str) -> TestResponse:
    """`what` is done when the route has let the person in already, and has not begun to write."""
    body = json.dumps(data).encode()
    given = {"Origin": "http://localhost", "Content-Type": "application/json", "Content-Length": str(len(body))}
    sent = {**given, **{name.replace("_", "-"): headers[name] for name in headers}}
    return client.post(path, input_stream=_Body(client.application, body, what), headers=sent)
