"""However many push services are slow, they leave places for the others; and who is alone has what there is."""

from collections import Counter

import pytest

from tests.delivery.conftest import StandingClock
from tests.delivery.memory import PARALLEL, QUICK, SLOW, WELL, Memory
from tests.delivery.places import QUICK_SECONDS, SLOW_SECONDS, Sending
from webpush_app.delivery.flow import MOST_OF_ONE_SERVICE_AT_ONCE
from webpush_app.delivery.models import Lane

MANY_PLACES = 256
UNTIL_STEADY = 3.2 * SLOW_SECONDS
A_WHILE = 2.0


def sending(
    clock: StandingClock, parallel: int, slow: int, quick: int = 0, lane: Lane = Lane.BROADCAST
) -> tuple[Memory, Sending]:
    """The slow ones have the first numbers."""
    services = range(1, slow + quick + 1)
    memory = Memory(clock, parallel, services)
    seconds = {number: SLOW_SECONDS if number <= slow else QUICK_SECONDS for number in services}
    return memory, Sending(memory, seconds, lane)


def under_way(memory: Memory) -> Counter[int]:
    return Counter(row.service_id for row in memory.flow.under_way)


@pytest.mark.parametrize("lane", Lane)
@pytest.mark.parametrize("slow", [1, 3, 20])
@pytest.mark.parametrize("parallel", [PARALLEL, MANY_PLACES])
def test_a_quick_service_keeps_its_rate_whatever_number_of_others_is_slow(
    clock: StandingClock, parallel: int, slow: int, lane: Lane
) -> None:
    _memory, alone = sending(clock, parallel, 0, 1, lane)
    alone.run(A_WHILE)
    usual = alone.run(A_WHILE)[1]
    _memory, all_of_them = sending(clock, parallel, slow, 1, lane)
    all_of_them.run(UNTIL_STEADY)
    answered = all_of_them.run(A_WHILE)
    assert answered[slow + 1] >= 0.75 * usual


def test_each_slow_service_has_its_turn(clock: StandingClock) -> None:
    _memory, all_of_them = sending(clock, MANY_PLACES, 20, 1)
    all_of_them.run(UNTIL_STEADY)
    answered = all_of_them.run(2 * SLOW_SECONDS)
    each = [answered[number] for number in range(1, 21)]
    assert min(each) >= 0.5 * max(each) > 0


@pytest.mark.parametrize("parallel", [PARALLEL, MANY_PLACES])
@pytest.mark.parametrize("seconds", [QUICK_SECONDS, SLOW_SECONDS])
def test_who_is_alone_has_the_whole_window(clock: StandingClock, parallel: int, seconds: float) -> None:
    memory, alone = sending(clock, parallel, 1)
    alone.seconds[1] = seconds
    alone.run(5 * SLOW_SECONDS)
    assert under_way(memory)[1] == min(MOST_OF_ONE_SERVICE_AT_ONCE, parallel // 2)


def test_services_that_fall_silent_together_leave_places_for_who_comes(clock: StandingClock) -> None:
    """Nothing is known yet but that they were quick."""
    memory, all_of_them = sending(clock, MANY_PLACES, 0, 6)
    newcomer = 6
    all_of_them.seconds.pop(newcomer)
    all_of_them.run(A_WHILE)
    held = under_way(memory)
    assert min(held[number] for number in range(1, newcomer)) > 8
    memory.add(newcomer, 50)
    assert len(memory.send()) >= 4


def test_a_service_that_is_quick_again_is_counted_with_the_slow_no_more(clock: StandingClock) -> None:
    memory, all_of_them = sending(clock, PARALLEL, 4)
    all_of_them.run(UNTIL_STEADY)
    together = under_way(memory)
    assert together.total() == PARALLEL // 2
    all_of_them.seconds[4] = QUICK_SECONDS
    all_of_them.run(20 * SLOW_SECONDS)
    assert all_of_them.run(A_WHILE)[4] >= 0.75 * A_WHILE * 6 / QUICK_SECONDS


def test_what_is_personal_finds_a_place_at_a_slow_service_beside_what_is_for_many(clock: StandingClock) -> None:
    memory, all_of_them = sending(clock, PARALLEL, 3, 1)
    all_of_them.seconds.pop(4)
    all_of_them.run(UNTIL_STEADY)
    memory.add(4, 8)
    assert memory.send() == [4] * (PARALLEL // 4), "as many as were free for many"
    memory.add(SLOW, 1, Lane.PERSONAL)
    memory.add(QUICK, 1, Lane.PERSONAL)
    assert memory.send() == [SLOW, QUICK]


def test_what_is_for_many_counts_what_slow_services_hold_in_either_lane(clock: StandingClock) -> None:
    memory, all_of_them = sending(clock, PARALLEL, 3, 1)
    quick = all_of_them.seconds.pop(4)
    all_of_them.lane = Lane.PERSONAL
    all_of_them.run(UNTIL_STEADY)
    for number in range(1, 4):
        memory.add(number, 20)
    assert memory.send() == [], "what is free is for the others"
    all_of_them.seconds[4] = quick
    memory.add(4, 20)
    assert len(memory.send()) > 2


def test_what_a_forgotten_service_was_like_is_forgotten(clock: StandingClock) -> None:
    memory, all_of_them = sending(clock, PARALLEL, 2)
    all_of_them.run(UNTIL_STEADY)
    for row in memory.flow.under_way:
        memory.flow.answered(row.id, WELL)
    memory.flow.meet([], memory.flow.mark())
    places = memory.flow._places
    assert (places._usual_seconds, places._slow) == ({}, set())
    assert set(places._held.values()) == {0}
