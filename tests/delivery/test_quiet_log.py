"""What fails while a push is made, with the text in its hands, says nothing of it."""

import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import pytest
from flask import Flask

from tests.delivery.outgoing import Outgoing
from tests.people import People
from webpush_app import logs
from webpush_app.delivery import composing
from webpush_app.delivery.composing import Job
from webpush_app.messaging import composing as messages

TEXT = "Dinner at eight, and tell nobody"


@contextmanager
def logging_as_a_process_does() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.QuietFormatter(logs.FORMAT))
    logging.getLogger().addHandler(handler)
    try:
        yield stream
    finally:
        logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("kind", [ValueError, KeyError, RuntimeError])
def test_a_composer_that_fails_over_a_text(
    app: Flask, outgoing: Outgoing, people: People, kind: type[Exception]
) -> None:
    def compose(jobs: Sequence[Job]) -> NoReturn:
        raise kind(TEXT)

    composing.register(app, {messages.KIND: compose}, lambda _jobs: {})
    susan, john = people("susan"), people("john")
    device = outgoing.device(susan)
    people.write(john, susan, TEXT)
    with logging_as_a_process_does() as stream:
        outgoing.deliver()
    said = stream.getvalue()
    assert kind.__name__ in said
    assert "Traceback" in said
    for private in (TEXT, device.subscribed.endpoint, str(device.subscribed.to_json()["keys"])):
        assert private not in said
