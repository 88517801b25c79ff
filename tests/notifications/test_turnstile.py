"""A login session opens so many sockets in a row, and then some a second."""

import pytest

from webpush_app.notifications import turnstile
from webpush_app.notifications.turnstile import AT_ONCE, PER_SECOND, OwnTurnstile


class Time:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("webpush_app.notifications.turnstile.time.monotonic", lambda: self.now)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


def test_so_many_come_through_in_a_row_and_no_more(time: Time) -> None:
    gate = OwnTurnstile()
    assert [gate.lets("susan") for _ in range(AT_ONCE + 5)] == [True] * AT_ONCE + [False] * 5
    assert gate.lets("john")


def test_after_a_while_one_more_does_and_who_was_refused_has_lost_nothing(time: Time) -> None:
    gate = OwnTurnstile()
    for _ in range(AT_ONCE * 3):
        gate.lets("susan")
    time.now += 1 / PER_SECOND
    assert [gate.lets("susan"), gate.lets("susan")] == [True, False]


def test_nobody_saves_turns_up(time: Time) -> None:
    gate = OwnTurnstile()
    gate.lets("susan")
    time.now += 3600
    assert sum(gate.lets("susan") for _ in range(AT_ONCE * 2)) == AT_ONCE


def test_who_has_all_turns_again_is_forgotten(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turnstile, "_MOST_REMEMBERED", 10)
    gate = OwnTurnstile()
    for number in range(50):
        gate.lets(f"person{number}")
        time.now += 1
    assert len(gate._full_at) <= 11
