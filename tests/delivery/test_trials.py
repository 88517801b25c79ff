"""A push service that was down for long is tried by one, with a push that is still of use, however many are not."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.delivery.conftest import StandingClock
from tests.delivery.memory import QUICK, SLOW, Memory
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from tests.push.service import PushService
from webpush_app.database import begin_write, db
from webpush_app.delivery import pauses, taking
from webpush_app.delivery.models import Lane, State
from webpush_app.delivery.preparing import Prepared
from webpush_app.protocol.transport import Transport
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


@pytest.fixture
def another(app: Flask, service: PushService, transport: Transport) -> Outgoing:
    return Outgoing(app, service, transport)


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


def test_while_one_worker_tries_it_no_other_does(
    outgoing: Outgoing, another: Outgoing, clock: StandingClock, device: Device
) -> None:
    fill(outgoing, clock, device, 2, 3600)
    clock.advance(PAUSED_SECONDS)
    with outgoing.app.app_context():
        assert outgoing.dispatcher.take() == 1
    assert another.deliver() == 0
    assert device.subscribed.received == []


def test_that_our_key_is_refused_is_asked_of_a_browser_that_took_a_push_before(
    outgoing: Outgoing, people: People, clock: StandingClock
) -> None:
    """Others may have been made with another key than they say: they would say no for ever."""
    known = outgoing.device(people("susan"))
    people.write(people("john"), 1, "hello")
    outgoing.deliver()
    liars = [outgoing.device(people(f"liar{number}")) for number in range(6)]
    for one in liars:
        one.subscribed.answer_with(403)
    for number in range(6):
        people.write(2, 3 + number, "hello")
    outgoing.deliver()
    clock.advance(31)
    people.write(2, 1, "are you there?")
    outgoing.deliver()
    assert len(known.subscribed.received) == 2


def test_it_is_asked_of_such_a_browser_whatever_lane_its_push_is_in(
    outgoing: Outgoing, people: People, clock: StandingClock
) -> None:
    """Who messages themselves from browsers that lie must not hold up what is for many."""
    boss = people("boss", is_admin=True)
    known = outgoing.device(None)
    outgoing.broadcast(boss)
    outgoing.deliver()
    for number in range(6):
        liar = people(f"liar{number}")
        outgoing.device(liar).subscribed.answer_with(403)
        people.write(boss, liar, "hello")
    outgoing.deliver()
    outgoing.broadcast(boss)
    outgoing.deliver()
    assert len(known.subscribed.received) == 1, "the service is spared by now"
    clock.advance(31)
    outgoing.deliver()
    assert len(known.subscribed.received) == 2


def test_what_is_for_other_services_keeps_its_order_meanwhile(clock: StandingClock) -> None:
    """Else those who never took a push, many of whom are refused, would come all together."""
    memory = Memory(clock)
    others = [memory.ready(QUICK, Lane.BROADCAST, proven=number % 2 == 1) for number in range(20)]
    trials = [memory.ready(SLOW, Lane.BROADCAST, proven=number == 3) for number in range(5)]
    made = taking._one_of_each({SLOW}, Prepared([*trials[:2], *others, *trials[2:]], [], []))
    assert [one for one in made.ready if one.row.service_id == QUICK] == others
    assert [one for one in made.ready if one.row.service_id == SLOW] == [trials[3]]
    assert sorted(one.row.id for one in made.returned) == sorted(one.row.id for one in trials if one is not trials[3])
