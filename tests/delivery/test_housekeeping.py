"""The hourly round: a step at a time, with pauses, and whatever fails stops nothing else."""

from collections.abc import Callable

import pytest

from webpush_app.delivery import housekeeping
from webpush_app.delivery.housekeeping import BUSY_SECONDS, EVERY_SECONDS, PAUSE_SECONDS, HouseKeeping
from webpush_app.errors import DatabaseBusy


class Ticking:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    ticking = Ticking()
    monkeypatch.setattr("webpush_app.delivery.housekeeping.time.monotonic", ticking)
    return ticking


def run(house: HouseKeeping, ticking: Ticking, times: int) -> list[float]:
    """Called again exactly when it wants to be."""
    waits = []
    for _time in range(times):
        waits.append(house.step())
        ticking.seconds += waits[-1]
    return waits


def doing(done: list[str], name: str, times: int) -> Callable[[], bool]:
    left = [times]

    def step() -> bool:
        done.append(name)
        left[0] -= 1
        return left[0] > 0

    return step


def test_a_round_does_all_steps_to_their_ends_and_comes_again_after_an_hour(ticking: Ticking) -> None:
    done: list[str] = []
    house = HouseKeeping(lambda: [doing(done, "a", 3), doing(done, "b", 1)], first_seconds=0)
    assert run(house, ticking, 5) == [PAUSE_SECONDS] * 3 + [EVERY_SECONDS, PAUSE_SECONDS]
    assert done == ["a", "a", "a", "b", "a"]


def test_called_too_early_it_does_nothing(ticking: Ticking) -> None:
    done: list[str] = []
    house = HouseKeeping(lambda: [doing(done, "a", 1)], first_seconds=10)
    assert house.step() == 10
    ticking.seconds += 9
    assert house.step() == 1
    assert done == []
    ticking.seconds += 1
    assert house.step() == EVERY_SECONDS
    assert done == ["a"]


def test_workers_that_start_together_do_not_begin_together(ticking: Ticking) -> None:
    waits = {HouseKeeping(list).step() for _number in range(20)}
    assert len(waits) > 15
    assert all(30 <= wait <= 90 for wait in waits)


def test_a_busy_database_only_delays_it(ticking: Ticking) -> None:
    done: list[str] = []
    is_busy = [True, True, False]

    def step() -> bool:
        if is_busy.pop(0):
            raise DatabaseBusy("")
        done.append("a")
        return False

    house = HouseKeeping(lambda: [step], first_seconds=0)
    assert run(house, ticking, 3) == [BUSY_SECONDS, BUSY_SECONDS, EVERY_SECONDS]
    assert done == ["a"]


def test_a_step_that_fails_stops_no_other(ticking: Ticking, caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def fail() -> bool:
        done.append("failed")
        raise LookupError

    house = HouseKeeping(lambda: [fail, doing(done, "b", 1)], first_seconds=0)
    assert run(house, ticking, 3) == [PAUSE_SECONDS, EVERY_SECONDS, PAUSE_SECONDS]
    assert done == ["failed", "b", "failed"]
    assert "house_keeping_failed step=" in caplog.text


def test_between_rounds_there_is_an_hour_and_people_get_their_turn_between_steps() -> None:
    assert housekeeping.EVERY_SECONDS == 3600
    assert housekeeping.PAUSE_SECONDS >= 0.02
