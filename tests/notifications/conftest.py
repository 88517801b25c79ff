"""A real server beside the app of the test: what the test writes comes to it from another process. An admin who writes
to many, a clock that a test moves by hand, and inboxes that are looked at from all sides."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.broadcasts.conftest import Hands
from tests.broadcasts.site import Site
from tests.databases import SECRET_KEY, Database
from tests.notifications.inboxes import Inboxes
from tests.people import Browser
from tests.server.running import Server, running
from webpush_app import clock


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[Server]:
    given = {"DATABASE_URL": database.url, "SECRET_KEY": SECRET_KEY, "EMBEDDED_WORKER": "false"}
    with running(tmp_path, PYTHONWARNINGS="ignore", **given) as started:
        yield started
    assert "Traceback" not in started.output, started.output


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """A minute ahead: people are created as of the real clock, and what is for many is for who was there before it."""
    hands = Hands()
    hands.move(minutes=1)
    monkeypatch.setattr(clock, "now", hands.now)
    return hands


@pytest.fixture
def site(app: Flask, admin: Browser) -> Site:
    return Site(app, admin.user_id)


@pytest.fixture
def inboxes(app: Flask) -> Inboxes:
    return Inboxes(app)
