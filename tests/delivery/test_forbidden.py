"""The small form of `python -m soak forbidden`, with told time: our key is refused to everybody, then it is mended."""

import pytest
from flask import Flask

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Outgoing
from tests.people import People
from tests.push.service import PushService
from webpush_app.delivery import alerts
from webpush_app.delivery.models import State
from webpush_app.protocol.transport import Transport

BROWSERS = 80
MOST_REFUSED = 50
TRIALS = 3
MOST_STEPS = 400
STEP_SECONDS = 5


@pytest.fixture
def workers(app: Flask, service: PushService, transport: Transport, outgoing: Outgoing) -> list[Outgoing]:
    return [outgoing, Outgoing(app, service, transport)]


def deliver_for(seconds: float, workers: list[Outgoing], clock: StandingClock) -> None:
    for _step in range(int(seconds / STEP_SECONDS)):
        for worker in workers:
            worker.deliver()
        clock.advance(STEP_SECONDS)


def open_alerts(outgoing: Outgoing) -> list[str]:
    with outgoing.app.app_context():
        return [alert.kind for alert in alerts.list_open()]


def test_a_key_that_is_refused_to_everybody_harms_nobody(
    people: People, workers: list[Outgoing], clock: StandingClock, service: PushService
) -> None:
    outgoing = workers[0]
    devices = [outgoing.device(None) for _ in range(BROWSERS)]
    outgoing.broadcast(people("boss", is_admin=True))
    service.answer_with(403)
    before = len(service.received)
    deliver_for(25, workers, clock)
    assert 0 < len(service.received) - before <= MOST_REFUSED
    deliver_for(30 + 60 + 120, workers, clock)
    assert len(service.received) - before <= MOST_REFUSED + TRIALS
    assert open_alerts(outgoing) == ["our_key"]
    assert all(outgoing.is_on(device) for device in devices)
    assert {outgoing.stored(device).strikes for device in devices} == {0}
    assert {row.attempts for row in outgoing.rows()} == {0}

    service.answer_with(201)
    for _step in range(MOST_STEPS):
        deliver_for(STEP_SECONDS, workers, clock)
        if set(outgoing.states()) == {State.ACCEPTED}:
            break
    assert outgoing.states() == [State.ACCEPTED] * BROWSERS
    assert all(outgoing.is_on(device) for device in devices)
    assert {sum(one.is_accepted for one in device.subscribed.received) for device in devices} == {1}
    assert open_alerts(outgoing) == []
