"""Tried again with growing delays, never all at the same moment, and given up when it is of no use any more."""

from datetime import timedelta

import pytest

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Outgoing
from tests.people import People
from tests.push.listener import Reply
from tests.push.service import Subscribed
from webpush_app.delivery import retry
from webpush_app.delivery.models import State

LONGEST_SECONDS = 900
MOST_ATTEMPTS = 20
HOUR = 3600


@pytest.fixture(autouse=True)
def subscribed(people: People, outgoing: Outgoing, clock: StandingClock) -> Subscribed:
    """There is a push in the outbox, for a browser whose push service has trouble."""
    subscribed = outgoing.device(people("susan")).subscribed
    subscribed.answer_with(Reply(500, body=b"trouble"))
    people.write(people("john"), 1, "hello")
    return subscribed


def until_it_ends(outgoing: Outgoing, clock: StandingClock) -> list[float]:
    """Tries again whenever it is due; how many seconds lay between the attempts."""
    waited = list[float]()
    while outgoing.deliver():
        row = outgoing.row()
        if row.due_at is None:
            return waited
        waited.append((row.due_at - clock.moment).total_seconds())
        clock.advance_to(row.due_at)
    raise AssertionError("nothing was due, and it had not ended")


def test_each_delay_is_half_to_all_of_a_doubling_time(
    outgoing: Outgoing, clock: StandingClock, subscribed: Subscribed
) -> None:
    waited = until_it_ends(outgoing, clock)
    for attempt, seconds in enumerate(waited, 1):
        longest = min(10 * 2 ** (attempt - 1), LONGEST_SECONDS)
        assert longest / 2 <= seconds <= longest


def test_after_twenty_attempts_it_has_failed(outgoing: Outgoing, clock: StandingClock, subscribed: Subscribed) -> None:
    assert len(until_it_ends(outgoing, clock)) == MOST_ATTEMPTS - 1
    row = outgoing.row()
    assert (row.state, row.reason, row.attempts) == (State.FAILED, "given_up_their_trouble", MOST_ATTEMPTS)
    assert (row.answer_status, row.said, row.answered_at) == (500, "trouble", clock.moment)
    assert len(subscribed.received) == MOST_ATTEMPTS


def test_when_the_next_attempt_would_come_after_four_hours_it_has_failed(
    outgoing: Outgoing, clock: StandingClock, subscribed: Subscribed
) -> None:
    """A push service that has trouble may say when to come back, too."""
    subscribed.answer_with(Reply(503, {"Retry-After": str(HOUR)}))
    assert until_it_ends(outgoing, clock) == [HOUR] * 4
    row = outgoing.row()
    assert (row.state, row.reason, row.attempts) == (State.FAILED, "given_up_their_trouble", 5)


def test_being_told_to_slow_down_again_and_again_ends_too(
    outgoing: Outgoing, clock: StandingClock, subscribed: Subscribed
) -> None:
    subscribed.answer_with(Reply(429, {"Retry-After": str(HOUR)}))
    assert until_it_ends(outgoing, clock) == [HOUR] * 4
    row = outgoing.row()
    assert (row.state, row.reason, row.answer_status) == (State.FAILED, "given_up_slow_down", 429)


def test_when_the_next_attempt_would_come_after_its_end_it_has_expired(
    outgoing: Outgoing, clock: StandingClock, subscribed: Subscribed
) -> None:
    outgoing.change(1, expires_at=clock.moment + timedelta(seconds=4))
    assert until_it_ends(outgoing, clock) == []
    row = outgoing.row()
    assert (row.state, row.reason, row.attempts) == (State.EXPIRED, "given_up_their_trouble", 1)
    assert row.answer_status == 500


def test_what_waited_too_long_is_not_sent_any_more(
    outgoing: Outgoing, clock: StandingClock, subscribed: Subscribed
) -> None:
    clock.advance(24 * HOUR - 1)
    assert outgoing.deliver() == 1
    assert len(subscribed.received) == 1
    clock.advance(1)
    outgoing.change(1, due_at=clock.moment, state=State.QUEUED)
    assert outgoing.deliver() == 1
    assert outgoing.row().state == State.EXPIRED
    assert len(subscribed.received) == 1


def test_delays_are_spread_over_their_whole_half() -> None:
    """Many that failed together do not come back together."""
    seconds = sorted(retry.delay(1).total_seconds() for _ in range(400))
    assert 5 <= seconds[0] < 5.5
    assert 9.5 < seconds[-1] <= 10
    assert abs(seconds[200] - 7.5) < 1


@pytest.mark.parametrize("attempt", [8, 20, 100, 32767])
def test_no_delay_is_longer_than_a_quarter_of_an_hour_unless_one_was_asked_for(attempt: int) -> None:
    assert LONGEST_SECONDS / 2 <= retry.delay(attempt).total_seconds() <= LONGEST_SECONDS
    assert retry.delay(attempt, HOUR).total_seconds() == HOUR


def test_who_is_asked_for_less_than_the_delay_waits_for_the_delay() -> None:
    assert retry.delay(5, 1.0).total_seconds() >= 80
    assert retry.delay(5, 0.0).total_seconds() >= 80
