"""How a browser stands with its push service: strikes and their end, patience, and what is forgotten after a week."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Thread

import pytest
from flask import Flask

from tests.accounts.conftest import Hands
from tests.databases import Database
from tests.people import Browser
from tests.subscriptions.devices import Device, change, everything, rows, sent_to, stored, subscribe
from webpush_app.database import begin_write, db
from webpush_app.subscriptions import standing
from webpush_app.subscriptions.models import Off


@contextmanager
def writing(app: Flask) -> Iterator[None]:
    """As the worker does it when it settles."""
    with app.app_context():
        begin_write()
        yield
        db.session.commit()


@pytest.fixture
def strike(app: Flask, hands: Hands) -> Callable[..., set[int]]:
    def strike(*numbers: int, claimed_at: datetime | None = None) -> set[int]:
        with writing(app):
            return set(standing.strike(sent_to(app, *numbers), claimed_at or hands.now()))

    return strike


Strike = Callable[..., set[int]]


def strikes_of(app: Flask, number: int) -> tuple[int, datetime | None]:
    row = stored(app, number)
    return row.strikes, row.first_strike_at


def test_the_third_strike_over_a_day_is_told(app: Flask, susan: Browser, hands: Hands, strike: Strike) -> None:
    number, first = subscribe(susan.client), hands.now()
    assert strike(number) == set()
    hands.move(hours=12)
    assert strike(number) == set()
    assert strikes_of(app, number) == (2, first)
    hands.move(hours=12)
    assert strike(number) == {number}
    assert strikes_of(app, number) == (3, first)
    assert stored(app, number).off_at is None, "who sends decides"
    assert strike(number) == {number}, "and is told again"
    with writing(app):
        assert standing.strike(sent_to(app, number), hands.now()) == {number: first}


def test_many_strikes_within_a_day_are_not_enough(app: Flask, susan: Browser, hands: Hands, strike: Strike) -> None:
    number = subscribe(susan.client)
    assert [strike(number) for _time in range(5)] == [set()] * 5
    hands.move(hours=23, minutes=59)
    assert strike(number) == set()
    hands.move(minutes=1)
    assert strike(number) == {number}


def test_two_strikes_are_not_enough_however_far_apart(app: Flask, susan: Browser, hands: Hands, strike: Strike) -> None:
    number = subscribe(susan.client)
    strike(number)
    hands.move(days=30)
    assert strike(number) == set()


def test_each_is_counted_apart_and_as_often_as_it_is_named(app: Flask, susan: Browser, strike: Strike) -> None:
    once, twice, never = (subscribe(susan.client) for _number in range(3))
    strike(once, twice, twice)
    assert [strikes_of(app, number)[0] for number in (once, twice, never)] == [1, 2, 0]


def test_who_has_posted_since_the_push_was_claimed_gets_none(
    app: Flask, susan: Browser, hands: Hands, strike: Strike
) -> None:
    device = Device()
    number, claimed_at = subscribe(susan.client, device), hands.now()
    hands.move(seconds=1)
    subscribe(susan.client, device)
    assert strike(number, claimed_at=claimed_at) == set()
    assert strikes_of(app, number) == (0, None)


def test_one_that_is_off_gets_none(app: Flask, susan: Browser, hands: Hands, strike: Strike) -> None:
    number = subscribe(susan.client)
    change(app, number, off_at=hands.now(), off_because=Off.GONE, strikes=5, first_strike_at=hands.now())
    before = everything(app)
    hands.move(days=2)
    assert strike(number) == set()
    assert everything(app) == before


def test_they_are_not_counted_for_ever(app: Flask, susan: Browser, hands: Hands, strike: Strike) -> None:
    """A small number is kept: one that is refused a million times must not break the worker."""
    number = subscribe(susan.client)
    change(app, number, strikes=32_767, first_strike_at=hands.now())
    strike(number)
    assert strikes_of(app, number)[0] == 32_767


def test_an_accepted_push_makes_good_for_all_of_them(app: Flask, susan: Browser, hands: Hands, strike: Strike) -> None:
    forgiven, other = subscribe(susan.client), subscribe(susan.client)
    strike(forgiven, other)
    hands.move(days=2)
    with writing(app):
        standing.forgive([forgiven])
        standing.forgive([])
    assert strikes_of(app, forgiven) == (0, None)
    assert strikes_of(app, other)[0] == 1
    strike(forgiven)
    assert strikes_of(app, forgiven) == (1, hands.now())


def test_the_later_of_two_moments_is_held_to(app: Flask, susan: Browser, hands: Hands) -> None:
    one, other, third = (subscribe(susan.client) for _number in range(3))
    now, hour = hands.now(), timedelta(hours=1)
    for until in ({}, {one: now + hour, other: now + hour}, {one: now + 2 * hour, other: now}):
        with writing(app):
            standing.hold(until)
    held = {row.id: row.hold_until for row in rows(app)}
    assert held == {one: now + 2 * hour, other: now + hour, third: None}


def test_posting_the_same_again_does_not_end_the_patience(app: Flask, susan: Browser, hands: Hands) -> None:
    device = Device()
    number, until = subscribe(susan.client, device), hands.now() + timedelta(hours=1)
    with writing(app):
        standing.hold({number: until})
    subscribe(susan.client, device)
    assert stored(app, number).hold_until == until


def test_only_who_is_on_and_still_has_the_old_key_is_turned_off_for_it(
    app: Flask, susan: Browser, hands: Hands
) -> None:
    """Between two steps browsers move over, and people sign out."""
    old, moved, signed_out, _unnamed = numbers = [subscribe(susan.client) for _number in range(4)]
    key = stored(app, old).vapid_public_key
    change(app, moved, vapid_public_key="another")
    change(app, signed_out, off_at=hands.now(), off_because=Off.SIGNED_OUT)
    with writing(app):
        assert standing.turn_off_old(key, [old, moved, signed_out]) == 1
    assert [stored(app, number).off_because for number in numbers] == [Off.OLD_KEY, None, Off.SIGNED_OUT, None]


def _forget(app: Flask, most: int = 100) -> int:
    with writing(app):
        return standing.forget_gone(most)


def test_a_browser_that_is_gone_is_forgotten_after_a_week(app: Flask, susan: Browser, hands: Hands) -> None:
    gone, kept = subscribe(susan.client), subscribe(susan.client)
    change(app, gone, off_at=hands.now(), off_because=Off.GONE)
    hands.move(days=6, hours=23)
    assert _forget(app) == 0
    hands.move(hours=1)
    assert _forget(app) == 1
    assert [row.id for row in rows(app)] == [kept]


@pytest.mark.parametrize("because", [off for off in Off if off is not Off.GONE])
def test_what_is_off_for_another_reason_is_kept(app: Flask, susan: Browser, hands: Hands, because: Off) -> None:
    number = subscribe(susan.client)
    change(app, number, off_at=hands.now(), off_because=because)
    hands.move(days=400)
    assert _forget(app) == 0
    assert [row.id for row in rows(app)] == [number]


def test_who_came_back_is_kept(app: Flask, susan: Browser, hands: Hands) -> None:
    device = Device()
    number = subscribe(susan.client, device)
    change(app, number, off_at=hands.now() - timedelta(days=8), off_because=Off.GONE)
    subscribe(susan.client, device)
    assert _forget(app) == 0
    assert stored(app, number).off_at is None


def test_it_goes_in_steps(app: Flask, susan: Browser, hands: Hands) -> None:
    numbers = [subscribe(susan.client) for _number in range(5)]
    for number in numbers:
        change(app, number, off_at=hands.now() - timedelta(days=8), off_because=Off.GONE)
    assert [_forget(app, most=2) for _step in range(4)] == [2, 2, 1, 0]
    assert rows(app) == []


@pytest.mark.postgresql_only("SQLite lets one write at a time anyway")
def test_who_posts_again_in_the_instant_in_which_it_is_forgotten_stays(
    app: Flask, susan: Browser, hands: Hands, database: Database
) -> None:
    number = subscribe(susan.client)
    change(app, number, off_because=Off.GONE, off_at=hands.now())
    hands.move(days=8)
    forgotten: list[int] = []

    def forget() -> None:
        with writing(app):
            forgotten.append(standing.forget_gone(10))

    with database.elsewhere() as poster:
        poster.exec_driver_sql(f"UPDATE push_subscriptions SET off_at = NULL, off_because = NULL WHERE id = {number}")
        forgetting = Thread(target=forget)
        forgetting.start()
        forgetting.join(0.5)
        assert forgetting.is_alive()
        poster.commit()
        forgetting.join(10)
    assert forgotten == [0]
    assert [row.id for row in rows(app)] == [number]
