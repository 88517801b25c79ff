"""An app that knows whom push services may ask, browsers, a push service, and a clock that a test moves by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from tests.broadcasts.delivery import Delivery, delivering
from tests.broadcasts.site import Site
from tests.conftest import AppMaker
from tests.people import Browser
from tests.push.service import PushService
from webpush_app import clock
from webpush_app.subscriptions import keyring


class Hands:
    """The hands of the clock: it stands still until a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def now(self) -> datetime:
        return self.moment

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr(clock, "now", hands.now)
    return hands


@pytest.fixture
def app(make_app: AppMaker) -> Flask:
    return make_app(vapid_claim_email="mailto:ops@example.com")


@pytest.fixture
def site(app: Flask, admin: Browser) -> Site:
    return Site(app, admin.user_id)


@pytest.fixture
def key(app: Flask) -> str:
    """What browsers subscribe with."""
    with app.app_context():
        return keyring.current_key().public


@pytest.fixture
def push_service(tmp_path: Path) -> Iterator[PushService]:
    with PushService(tmp_path) as running:
        yield running


@pytest.fixture
def delivery(app: Flask, push_service: PushService) -> Iterator[Delivery]:
    with delivering(app, push_service) as started:
        yield started
