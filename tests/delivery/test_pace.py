"""How fast a push service is sent to after an outage: no second above twice what is usual there."""

import json
import random
from datetime import timedelta

import pytest

from tests.delivery.conftest import StandingClock
from webpush_app.delivery.pace import COUNTED_SECONDS, WINDOWS_KEPT, Pace, Rate


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


def tell(*rates: Rate) -> None:
    """Each hears what the others have said, as JSON leads it from one to the other."""
    said = [json.loads(json.dumps(one.says())) for one in rates]
    for number, one in enumerate(rates):
        one.hear([*said[:number], *said[number + 1 :]])


def send(rate: Rate, number: int) -> None:
    for _ in range(number):
        rate.count()


def test_what_several_workers_send_in_the_same_seconds_is_added_up(clock: StandingClock) -> None:
    rates = [Rate(clock) for _ in range(3)]
    for number, rate in enumerate(rates):
        send(rate, 10 * (number + 1))
    clock.advance(COUNTED_SECONDS)
    for _ in range(3):  # it is said again and again
        tell(*rates)
    assert [rate.usual for rate in rates] == [6, 6, 6]


def test_what_they_send_one_after_the_other_is_not(clock: StandingClock) -> None:
    one, other = Rate(clock), Rate(clock)
    for rate in (one, other):
        send(rate, 50)
        clock.advance(COUNTED_SECONDS)
    tell(one, other)
    assert one.usual == pytest.approx(5, rel=0.01)


def test_who_is_new_hears_what_is_usual(clock: StandingClock) -> None:
    old = Rate(clock)
    send(old, 100)
    clock.advance(600)
    new = Rate(clock)
    tell(old, new)
    assert new.usual == old.usual == pytest.approx(10, rel=0.15)


def test_that_they_tell_each_other_makes_nothing_last_longer(clock: StandingClock) -> None:
    one, other = Rate(clock), Rate(clock)
    send(one, 100)
    clock.advance(COUNTED_SECONDS)
    said = one.says(), other.says()
    for _ in range(360):
        clock.advance(COUNTED_SECONDS)
        one.hear([said[1]])  # what was said some seconds ago
        other.hear([said[0]])
        said = one.says(), other.says()
    assert one.usual == pytest.approx(5, rel=0.01)
    assert other.usual == pytest.approx(5, rel=0.01)


def test_no_more_than_the_last_minute_is_told(clock: StandingClock) -> None:
    rate = Rate(clock)
    for _ in range(100):
        rate.count()
        clock.advance(COUNTED_SECONDS)
    assert len(rate.says()["sent"]) <= WINDOWS_KEPT


@pytest.mark.parametrize(("usual", "workers"), [(10.0, 1), (10.0, 2), (10.0, 3), (7.0, 2), (100.0, 8)])
def test_however_several_share_the_work_no_second_is_above_twice_the_usual(
    clock: StandingClock, usual: float, workers: int
) -> None:
    chance = random.Random(7)
    paces = [Pace(usual, clock.moment + timedelta(hours=1), clock, lambda: 1 / workers) for _ in range(workers)]
    steps: list[int] = []
    for _ in range(600):
        clock.advance(0.1)
        sent = 0
        for pace in chance.sample(paces, chance.choice((1, workers))):  # the others have nothing to send
            allowed = pace.allowed()
            pace.use(allowed)
            sent += allowed
        steps.append(sent)
    assert max(sum(steps[begin : begin + 10]) for begin in range(590)) <= 2 * usual
    assert sum(steps) >= 60 * usual * 0.5
