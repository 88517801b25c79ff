"""A push service that tells several browsers to slow down is left alone for as long as it asks."""

import pytest

from tests.delivery.at_a_gate import BUSY, HOST, MOST, answer, answers, slow_down
from tests.delivery.conftest import StandingClock
from webpush_app.delivery.changes import Closed
from webpush_app.delivery.gate import Gate, Phase
from webpush_app.subscriptions.push_services import Pause


@pytest.fixture
def gate(clock: StandingClock) -> Gate:
    return Gate(7, HOST, MOST, clock)


def test_one_browser_that_is_told_to_slow_down_pauses_nobody_else(gate: Gate) -> None:
    for _ in range(20):
        assert answer(gate, slow_down(), browser=1) is None
    assert gate.phase is Phase.OPEN


def test_five_browsers_that_are_told_so_within_a_minute_pause_the_service_for_as_long_as_asked(
    gate: Gate, clock: StandingClock
) -> None:
    start = clock.moment
    for browser in range(4):
        clock.advance(14)
        assert answer(gate, slow_down(100 + browser), browser) is None
    change = answer(gate, slow_down(50), browser=9)
    assert isinstance(change, Closed)
    assert change.because is Pause.SLOW_DOWN
    assert change.asked_until is not None
    assert (change.asked_until - start).total_seconds() == pytest.approx(4 * 14 + 103)


def test_five_over_a_longer_time_do_not(gate: Gate, clock: StandingClock) -> None:
    for browser in range(20):
        assert answer(gate, slow_down(), browser) is None
        clock.advance(16)


def test_what_is_asked_for_while_it_is_closed_for_another_reason_counts_too(gate: Gate, clock: StandingClock) -> None:
    """Many may be under way when it closes."""
    answers(gate, *[BUSY] * 5)
    assert [answer(gate, slow_down(600), browser) for browser in range(20, 24)] == [None] * 4
    asked = []
    for seconds in (500, 600, 700, 650):
        change = answer(gate, slow_down(seconds), browser=30 + seconds)
        assert change is None or isinstance(change, Closed)
        asked.append(change and change.asked_until and (change.asked_until - clock.moment).total_seconds())
    assert asked == [600, None, 700, None]
    assert gate.phase is Phase.CLOSED


def test_it_is_not_forgotten_when_it_opens(gate: Gate, clock: StandingClock) -> None:
    assert [answer(gate, slow_down(600), browser) for browser in range(4)] == [None] * 4
    answers(gate, *[BUSY] * 5)
    clock.advance(30)
    gate.open(None)
    change = answer(gate, slow_down(60), browser=50)
    assert isinstance(change, Closed)
    assert change.because is Pause.SLOW_DOWN
    assert change.asked_until is not None
    assert (change.asked_until - clock.moment).total_seconds() == 570
