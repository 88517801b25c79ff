"""What the tests of the delivery share: a push service, a transport that reaches it alone, and a clock that stands."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from tests.conftest import AppMaker
from tests.delivery.happenings import Happenings
from tests.delivery.memory import Memory
from tests.delivery.outgoing import Outgoing
from tests.delivery.scene import Scene
from tests.people import People
from tests.push.service import PushService
from webpush_app.protocol.requests_transport import RequestsTransport

CONTACT = "mailto:ops@example.com"


class StandingClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def advance_to(self, moment: datetime | None) -> None:
        assert moment is not None
        assert moment >= self.moment
        self.moment = moment


@pytest.fixture(scope="session")
def _one_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushService]:
    with PushService(tmp_path_factory.mktemp("push")) as service:
        yield service


@pytest.fixture
def service(_one_service: PushService) -> PushService:
    """It accepts what is right, until a test tells it otherwise."""
    _one_service.answer_with()
    _one_service.refusals.clear()
    return _one_service


@pytest.fixture(scope="session")
def transport(_one_service: PushService) -> Iterator[RequestsTransport]:
    transport = RequestsTransport(**_one_service.transport_options())
    yield transport
    transport.close()


@pytest.fixture
def app(make_app: AppMaker) -> Flask:
    return make_app(vapid_claim_email=CONTACT)


@pytest.fixture
def outgoing(app: Flask, service: PushService, transport: RequestsTransport) -> Outgoing:
    return Outgoing(app, service, transport)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> StandingClock:
    """What is sent is signed by the real time all the same: the push service looks at its own."""
    standing = StandingClock()
    monkeypatch.setattr("webpush_app.clock.now", standing)
    return standing


@pytest.fixture
def happenings(app: Flask) -> Happenings:
    return Happenings(app)


@pytest.fixture
def scene(happenings: Happenings, people: People, clock: StandingClock) -> Scene:
    """At noon, so that all that happens is on one day."""
    clock.moment = clock.moment.replace(hour=12, minute=0, second=0, microsecond=0)
    john, susan = people("john"), people("susan")
    for user_id in (john, susan):
        happenings.came(user_id, days_ago=30)
    return Scene(happenings, clock, john, susan)


@pytest.fixture
def memory(clock: StandingClock) -> Memory:
    """A worker's, with no database."""
    return Memory(clock)
