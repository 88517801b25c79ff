"""A push service that was down for long is tried with a push that is still of use, however many before it are not."""

from datetime import timedelta

import pytest

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Device, Outgoing
from webpush_app.database import begin_write, db
from webpush_app.delivery import pauses
from webpush_app.delivery.models import State
from webpush_app.subscriptions.push_services import Pause

PAUSED_SECONDS = 30
USELESS = 450


@pytest.fixture
def device(outgoing: Outgoing) -> Device:
    """At a service that is paused."""
    device = outgoing.device(None)
    with outgoing.app.app_context():
        begin_write()
        pauses.pause(1, Pause.BROKEN, asked_until=None, usual_rate=0.0)
        db.session.commit()
    return device


def fill(outgoing: Outgoing, clock: StandingClock, device: Device, number: int, seconds: float) -> None:
    expires_at = clock.moment + timedelta(seconds=seconds)
    outgoing.fill(number, kind="test", subscription_id=device.id, expires_at=expires_at)


def test_what_has_expired_meanwhile_does_not_hold_up_the_trial(
    outgoing: Outgoing, clock: StandingClock, device: Device
) -> None:
    fill(outgoing, clock, device, USELESS, PAUSED_SECONDS - 1)
    fill(outgoing, clock, device, 5, 3600)
    clock.advance(PAUSED_SECONDS)
    outgoing.deliver()
    states = outgoing.states()
    assert (states.count(State.EXPIRED), states.count(State.ACCEPTED)) == (USELESS, 1)
    assert len(device.subscribed.received) == 1, "it is well, and sent to with care from now on"
    assert [row.attempts for row in outgoing.rows() if row.state == State.QUEUED] == [0] * 4
    clock.advance(10)
    outgoing.deliver()
    assert outgoing.states().count(State.ACCEPTED) > 1


def test_a_service_for_which_all_has_expired_stays_paused_and_nothing_waits(
    outgoing: Outgoing, clock: StandingClock, device: Device
) -> None:
    fill(outgoing, clock, device, USELESS, PAUSED_SECONDS - 1)
    clock.advance(PAUSED_SECONDS)
    outgoing.deliver()
    assert outgoing.states() == [State.EXPIRED] * USELESS
    assert device.subscribed.received == []
    fill(outgoing, clock, device, 1, 3600)
    assert outgoing.deliver() == 1, "nobody has to wait until a trial without an answer is over"


def test_a_bad_answer_to_the_trial_uses_no_attempt_of_those_that_were_looked_through(
    outgoing: Outgoing, clock: StandingClock, device: Device
) -> None:
    device.subscribed.answer_with(503)
    fill(outgoing, clock, device, 1, PAUSED_SECONDS - 1)
    fill(outgoing, clock, device, 20, 3600)
    clock.advance(PAUSED_SECONDS)
    outgoing.deliver()
    assert len(device.subscribed.received) == 1
    assert sorted(row.attempts for row in outgoing.rows() if row.state == State.QUEUED) == [0] * 19 + [1]
