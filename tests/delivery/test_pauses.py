"""A push service in trouble is left alone by everybody, tried by one, and sent to with care when it is well again."""

from datetime import datetime, timedelta

import pytest
from flask import Flask

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from tests.push.service import GOOGLE, MOZILLA, PushService
from webpush_app.database import begin_write, db
from webpush_app.delivery import pauses
from webpush_app.delivery.models import State
from webpush_app.protocol.transport import Transport
from webpush_app.subscriptions.push_services import Pause
from webpush_app.subscriptions.push_services import PushService as Row

FIRST_SECONDS, LONGEST_SECONDS = 30, 300


@pytest.fixture
def devices(people: People, outgoing: Outgoing) -> list[Device]:
    """Browsers of strangers at one push service, and a broadcast that waits for them."""
    made = [outgoing.device(None) for _ in range(12)]
    outgoing.broadcast(people("boss", is_admin=True))
    return made


@pytest.fixture
def other_worker(app: Flask, service: PushService, transport: Transport) -> Outgoing:
    return Outgoing(app, service, transport)


def answer_with(devices: list[Device], *reactions: int) -> None:
    for device in devices:
        device.subscribed.answer_with(*reactions)


def requests(devices: list[Device]) -> int:
    return sum(len(device.subscribed.received) for device in devices)


def stored(outgoing: Outgoing, host: str = MOZILLA) -> Row:
    with outgoing.app.app_context():
        return db.session.query(Row).filter_by(host=host).one()


def paused(outgoing: Outgoing, **given: object) -> Row:
    with outgoing.app.app_context():
        begin_write()
        row = pauses.pause(1, Pause.BROKEN, **{"asked_until": None, "usual_rate": 0.0, **given})  # type: ignore[arg-type]
        db.session.commit()
        return row


def resumed(outgoing: Outgoing) -> datetime | None:
    """Until when it is sent to with care."""
    with outgoing.app.app_context():
        begin_write()
        careful_until = pauses.resume(1).careful_until
        db.session.commit()
        return careful_until


def test_a_service_that_fails_is_paused_and_what_waits_for_it_uses_no_attempt(
    outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    answer_with(devices, 503)
    outgoing.deliver()
    asked = requests(devices)
    assert 5 <= asked <= 8
    row = stored(outgoing)
    assert (row.paused_because, row.pause_level, row.down_since) == (Pause.BROKEN, 1, clock.moment)
    assert row.paused_until == clock.moment + timedelta(seconds=FIRST_SECONDS)
    assert [push.attempts for push in outgoing.rows()].count(0) == len(devices) - asked
    assert set(outgoing.states()) == {State.QUEUED}
    clock.advance(FIRST_SECONDS - 1)
    assert outgoing.deliver() == 0
    assert requests(devices) == asked


def test_the_others_are_sent_to_meanwhile(people: People, outgoing: Outgoing, devices: list[Device]) -> None:
    well = outgoing.device(people("susan"), host=GOOGLE)
    answer_with(devices, 503)
    outgoing.deliver()
    people.write(people("john"), 2, "hello")
    assert outgoing.deliver() == 1
    assert len(well.subscribed.received) == 1


def test_all_workers_leave_it_alone(
    outgoing: Outgoing, other_worker: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    answer_with(devices, 503)
    outgoing.deliver()
    asked = requests(devices)
    clock.advance(FIRST_SECONDS - 1)
    assert other_worker.deliver() == 0
    assert requests(devices) == asked


def test_then_one_push_tries_it_and_a_bad_answer_pauses_it_for_longer(
    outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    answer_with(devices, 503)
    outgoing.deliver()
    lasted = []
    for _ in range(6):
        asked = requests(devices)
        until = stored(outgoing).paused_until
        assert until is not None
        lasted.append((until - clock.moment).total_seconds())
        clock.advance_to(until)
        assert outgoing.deliver() == 1
        assert requests(devices) == asked + 1
    assert lasted == [30, 60, 120, 240, LONGEST_SECONDS, LONGEST_SECONDS]


def test_one_worker_alone_tries_it(
    outgoing: Outgoing, other_worker: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    answer_with(devices, 503)
    outgoing.deliver()
    clock.advance(FIRST_SECONDS)
    with outgoing.app.app_context():
        assert pauses.begin_probe(1)
    asked = requests(devices)
    assert other_worker.deliver() == 0
    assert requests(devices) == asked
    clock.advance(pauses.PROBE_LASTS.total_seconds())  # who was to try it has died
    answer_with(devices, 201)
    assert other_worker.deliver() > 0


def test_a_good_answer_lets_everything_through(
    outgoing: Outgoing, other_worker: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    answer_with(devices, 503)
    outgoing.deliver()
    answer_with(devices, 201)
    for _ in range(200):
        clock.advance(30)
        outgoing.deliver()
        other_worker.deliver()
    assert set(outgoing.states()) == {State.ACCEPTED}
    assert outgoing.tally(1)[State.ACCEPTED] == len(devices)
    row = stored(outgoing)
    assert (row.paused_until, row.paused_because, row.pause_level, row.down_since) == (None, None, 0, None)
    assert row.recovered_at is not None


def test_a_personal_push_tries_it_before_those_for_many(
    people: People, outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    answer_with(devices, 503)
    outgoing.deliver()
    susan = outgoing.device(people("susan"))
    people.write(people("john"), 2, "hello")
    clock.advance(FIRST_SECONDS)
    outgoing.deliver_batch()
    assert len(susan.subscribed.received) == 1


def test_a_pause_is_as_long_as_was_asked_for_and_two_who_notice_at_once_do_not_add_up(
    outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    asked_until = clock.moment + timedelta(hours=1)
    assert paused(outgoing).pause_level == 1
    again = paused(outgoing, asked_until=asked_until)
    assert (again.pause_level, again.paused_until) == (1, asked_until)
    assert paused(outgoing, asked_until=clock.moment).paused_until == asked_until


def test_the_time_of_care_is_twice_the_time_it_was_down(
    outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    paused(outgoing, usual_rate=7.0)
    clock.advance(100)
    paused(outgoing, usual_rate=0.1)
    clock.advance(500)
    assert resumed(outgoing) == clock.moment + timedelta(seconds=1200)
    assert stored(outgoing).usual_rate == 7.0, "as it was before the trouble"


def test_it_is_no_longer_than_half_an_hour_and_a_later_short_trouble_does_not_end_it(
    outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    paused(outgoing, usual_rate=0.1)
    clock.advance(4 * 3600)
    until = clock.moment + timedelta(minutes=30)
    assert resumed(outgoing) == until
    clock.advance(60)
    paused(outgoing, usual_rate=0.1)
    clock.advance(30)
    assert resumed(outgoing) == until


def test_five_browsers_that_are_told_to_slow_down_pause_the_service_until_it_wants_more(
    outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    answer_with(devices, 429)
    outgoing.deliver()
    row = stored(outgoing)
    assert (row.paused_because, row.paused_until) == (Pause.SLOW_DOWN, clock.moment + timedelta(seconds=60))
    assert requests(devices) <= 8
    assert {push.attempts for push in outgoing.rows()} == {0}


def test_a_refused_key_of_ours_removes_nobody_and_loses_nothing(
    outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    answer_with(devices, 403)
    outgoing.deliver()
    assert requests(devices) <= 20
    assert stored(outgoing).paused_because == Pause.OUR_KEY
    for _ in range(10):
        clock.advance(LONGEST_SECONDS)
        outgoing.deliver()
    assert requests(devices) <= 50
    assert all(outgoing.is_on(device) and outgoing.stored(device).strikes == 0 for device in devices)
    answer_with(devices, 201)
    for _ in range(100):
        clock.advance(60)
        outgoing.deliver()
    assert set(outgoing.states()) == {State.ACCEPTED}


def test_of_two_that_would_try_it_one_may(outgoing: Outgoing, clock: StandingClock, devices: list[Device]) -> None:
    """Both have read that it may be tried."""
    paused(outgoing)
    with outgoing.app.app_context():
        assert not pauses.begin_probe(1), "not before the pause is over"
        clock.advance(30)
        assert [pauses.begin_probe(1) for _ in range(2)] == [True, False]
        clock.advance(30)
        assert pauses.begin_probe(1), "whoever began it was lost"
