"""The threads of a worker: whatever they are about when the end comes, they end."""

import threading

import pytest
from flask import Flask

from webpush_app.delivery import dispatcher
from webpush_app.engine import works as module
from webpush_app.engine.works import Works
from webpush_app.protocol.requests_transport import RequestsTransport


def test_an_end_that_comes_when_they_are_about_to_rest_is_not_missed(
    app: Flask, transport: RequestsTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_begun = threading.Event()

    class RungTooEarly(threading.Event):
        """Quiet again only after the end has rung."""

        def clear(self) -> None:
            has_begun.wait(10)
            super().clear()

    def begun() -> bool:
        has_begun.set()
        return False

    monkeypatch.setattr(dispatcher, "Event", RungTooEarly)
    works = Works(app, transport)
    monkeypatch.setattr(works, "_more_to_fill", RungTooEarly())
    monkeypatch.setattr(module, "DRAIN_SECONDS", 5.0)
    before = set(threading.enumerate())
    works.start()
    threads = set(threading.enumerate()) - before
    works.end(begun)
    assert len(threads) == 5
    assert not [thread.name for thread in threads if thread.is_alive()]
