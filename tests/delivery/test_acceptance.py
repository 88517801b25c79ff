"""What a push service took lately, and of whom."""

import pytest

from tests.delivery.conftest import StandingClock
from webpush_app.delivery.acceptance import RECENT, Acceptance


@pytest.fixture
def acceptance(clock: StandingClock) -> Acceptance:
    return Acceptance(clock)


def test_what_was_taken_of_somebody_else_is_told_from_ones_own(acceptance: Acceptance, clock: StandingClock) -> None:
    assert acceptance.by_another("a") is None
    first = clock.moment
    acceptance.taken("a")
    assert (acceptance.by_another("a"), acceptance.by_another("b")) == (None, first)
    clock.advance(10)
    acceptance.taken("b")
    assert (acceptance.by_another("a"), acceptance.by_another("b")) == (clock.moment, first)
    clock.advance(10)
    for _time in range(3):
        acceptance.taken("b")
    assert (acceptance.by_another("a"), acceptance.by_another("b")) == (clock.moment, first)


def test_most_of_the_latest_decide_what_is_usual(acceptance: Acceptance) -> None:
    usual = [acceptance.is_usual]
    acceptance.taken("a")
    usual.append(acceptance.is_usual)
    acceptance.not_taken()
    usual.append(acceptance.is_usual)
    for _time in range(RECENT):
        acceptance.taken("a")
    usual.append(acceptance.is_usual)
    assert usual == [False, True, False, True]


def test_that_nobody_is_taken_needs_many_answers(acceptance: Acceptance) -> None:
    for _time in range(RECENT - 1):
        acceptance.not_taken()
    none = [acceptance.is_none]
    acceptance.not_taken()
    none.append(acceptance.is_none)
    acceptance.taken("a")
    none.append(acceptance.is_none)
    assert none == [False, True, False]
