"""Hashing: slow enough, the same for every keyboard, and a few at a time."""

from threading import Event, Thread

import pytest

from webpush_app.accounts import passwords
from webpush_app.errors import TemporarilyUnavailable

pytestmark = pytest.mark.usefixtures("real_cost")

SAME = [("caf\u00e9 au lait", "cafe\u0301 au lait"), ("ＰＡＳＳword", "PASSword"), ("ﬁnally here", "finally here")]


@pytest.mark.parametrize(("typed", "again"), SAME)
def test_two_keyboards_may_send_one_password_differently(typed: str, again: str) -> None:
    assert passwords.is_right(passwords.hash_password(typed), again)


def test_the_case_of_a_password_matters() -> None:
    assert not passwords.is_right(passwords.hash_password("Correct Horse"), "correct horse")


def test_each_hash_has_a_salt_of_its_own_and_the_cost_of_today(password_hash: str) -> None:
    assert passwords.hash_password("correct horse battery") != password_hash
    assert not passwords.needs_rehash(password_hash)
    assert passwords.needs_rehash(password_hash.replace("m=47104", "m=1024"))


def test_to_look_for_somebody_who_does_not_exist_costs_as_much() -> None:
    assert not passwords.needs_rehash(passwords._hash_of_nobody)
    assert not passwords.is_right(None, "")


def test_a_turn_ends_when_its_work_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_PATIENCE_SECONDS", 0.0)
    for _time in range(passwords._AT_ONCE + 1):
        with pytest.raises(ZeroDivisionError), passwords.turn():
            raise ZeroDivisionError


def test_who_comes_when_all_places_are_taken_waits_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_PATIENCE_SECONDS", 0.0)
    with passwords.turn(), passwords.turn(), pytest.raises(TemporarilyUnavailable) as refused, passwords.turn():
        pass
    assert refused.value.retry_after_seconds == 5
    monkeypatch.setattr(passwords, "_PATIENCE_SECONDS", 20.0)
    entered = Event()

    def come() -> None:
        with passwords.turn():
            entered.set()

    with passwords.turn():
        with passwords.turn():
            waiting = Thread(target=come)
            waiting.start()
            assert not entered.wait(0.05)
        assert entered.wait(5)
    waiting.join()
