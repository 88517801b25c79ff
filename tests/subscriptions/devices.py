"""Browsers that subscribe: what their push service gave them, and what they ask of the site."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.push.browser_keys import BrowserKeys, as_base64url
from webpush_app.database import begin_write, db
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.standing import SentTo

API = "/api/push-subscriptions"
OWN = {"Origin": "http://localhost"}
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"}


def new_endpoint(origin: str = "https://updates.push.services.mozilla.com") -> str:
    return f"{origin}/wpush/v2/{secrets.token_urlsafe(32)}"


@dataclass
class Device:
    """What a browser holds: the address at its push service, and the keys that belong to it."""

    endpoint: str = field(default_factory=new_endpoint)
    keys: BrowserKeys = field(default_factory=BrowserKeys.make)

    @property
    def auth(self) -> str:
        return as_base64url(self.keys.auth)

    @property
    def p256dh(self) -> str:
        return as_base64url(self.keys.p256dh)

    @property
    def by_secret(self) -> dict[str, Any]:
        """What ends it, whoever is signed in."""
        return {"endpoint": self.endpoint, "keys": {"auth": self.auth}}

    def to_json(self, **more: Any) -> dict[str, Any]:
        return {**self.keys.to_json(self.endpoint), **more}


def post(client: FlaskClient, data: Any, **headers: str) -> TestResponse:
    return client.post(API, json=data, headers={**OWN, **{name.replace("_", "-"): headers[name] for name in headers}})


def subscribe(client: FlaskClient, device: Device | None = None, /, **headers: str) -> int:
    """The number of the row."""
    answer = post(client, (device or Device()).to_json(), **headers)
    assert answer.status_code in (200, 201), answer.text
    return int(result_of(answer)["id"])


def end(client: FlaskClient, data: Any) -> TestResponse:
    return client.delete(API, json=data, headers=OWN)


def result_of(answer: TestResponse) -> Any:
    assert answer.json is not None
    assert answer.json["status"] == "success"
    return answer.json["result"]


def listed(client: FlaskClient, **headers: str) -> list[dict[str, Any]]:
    answer = client.get(API, headers={name.replace("_", "-"): headers[name] for name in headers})
    assert answer.status_code == 200
    found: list[dict[str, Any]] = result_of(answer)
    return found


def ids_listed(client: FlaskClient) -> list[int]:
    return [one["id"] for one in listed(client)]


def rows(app: Flask) -> list[PushSubscription]:
    """Every row that is stored, the oldest first."""
    with app.app_context():
        return list(db.session.scalars(select(PushSubscription).order_by(PushSubscription.id)))


def stored(app: Flask, subscription_id: int) -> PushSubscription:
    (row,) = [one for one in rows(app) if one.id == subscription_id]
    return row


def sent_to(app: Flask, *numbers: int) -> list[SentTo]:
    """As a worker knows them that has sent to them where they are now."""
    return [SentTo(number, stored(app, number).endpoint) for number in numbers]


def everything(app: Flask) -> list[dict[str, Any]]:
    """All columns of all rows, to be compared with later."""
    return [
        {column.key: getattr(row, column.key) for column in PushSubscription.__table__.columns} for row in rows(app)
    ]


def change(app: Flask, subscription_id: int, **values: Any) -> None:
    """What happened to a row elsewhere."""
    with app.app_context():
        begin_write()
        row = db.session.get_one(PushSubscription, subscription_id)
        for name, value in values.items():
            setattr(row, name, value)
        db.session.commit()


def assert_refused(answer: TestResponse, status: int, code: str, field: str | None = None) -> str:
    """An error in the API's form; returns its message."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/json"
    assert answer.json is not None
    assert (answer.json["status"], answer.json["code"], answer.json.get("field")) == ("error", code, field)
    message: str = answer.json["message"]
    assert message
    return message
