"""How fast a push service is sent to after an outage: no second above twice what is usual there."""

from datetime import timedelta

import pytest

from tests.delivery.conftest import StandingClock
from webpush_app.delivery.pace import Pace, Rate


def run(pace: Pace, clock: StandingClock, seconds: int, *, step: float = 0.1) -> list[int]:
    """How many are sent in each second by somebody who always has more to send."""
    sent = []
    for _ in range(seconds):
        number = 0
        for _ in range(round(1 / step)):
            clock.advance(step)
            allowed = pace.allowed()
            pace.use(allowed)
            number += allowed
        sent.append(number)
    return sent


@pytest.mark.parametrize("per_second", [1, 10, 200])
def test_the_usual_rate_is_that_of_the_busiest_ten_seconds(clock: StandingClock, per_second: int) -> None:
    rate = Rate(clock)
    for _ in range(60):
        for _ in range(per_second):
            rate.count()
        clock.advance(1)
    assert rate.usual == pytest.approx(per_second, rel=0.11)


def test_what_is_long_ago_counts_for_less(clock: StandingClock) -> None:
    rate = Rate(clock)
    for _ in range(100):
        rate.count()
    clock.advance(10)
    assert rate.usual == 10
    clock.advance(3600)
    assert rate.usual == pytest.approx(5, rel=0.01)
    clock.advance(10 * 3600)
    assert rate.usual < 0.01


@pytest.mark.parametrize("usual", [1.0, 10.0, 100.0])
def test_no_second_is_above_twice_the_usual(clock: StandingClock, usual: float) -> None:
    pace = Pace(usual, clock.moment + timedelta(hours=1), clock)
    sent = run(pace, clock, 60)
    assert max(sent) <= 2 * usual
    assert sum(sent) >= 60 * usual * 1.5, "and it is not slower than it need be"


def test_nobody_makes_up_for_what_is_past(clock: StandingClock) -> None:
    pace = Pace(10, clock.moment + timedelta(hours=1), clock)
    clock.advance(600)
    assert pace.allowed() <= 5


def test_afterwards_it_grows_until_there_is_no_limit(clock: StandingClock) -> None:
    pace = Pace(10, clock.moment + timedelta(seconds=60), clock)
    clock.advance(60)
    assert pace.per_second == 19
    clock.advance(30)
    assert pace.per_second == 38
    assert not pace.is_over
    clock.advance(600)
    assert pace.is_over


def test_where_nothing_is_known_it_begins_low_and_grows_at_once(clock: StandingClock) -> None:
    pace = Pace(0, clock.moment, clock)
    assert pace.per_second == 5
    clock.advance(60)
    assert pace.per_second == 20
