"""What a push service said of a browser is believed, unless the browser was here since the push was claimed."""

import pytest
from flask import Flask

from tests.accounts.conftest import Hands
from tests.people import Browser
from tests.subscriptions.devices import API, OWN, Device, change, listed, post, rows, sent_to, stored, subscribe
from webpush_app.database import begin_write, db
from webpush_app.subscriptions import standing
from webpush_app.subscriptions.models import Off


def _turn_off(app: Flask, hands: Hands, *numbers: int, claimed_ago_seconds: float = 0) -> None:
    claimed_at = hands.now()
    hands.move(seconds=claimed_ago_seconds)
    with app.app_context():
        begin_write()
        standing.turn_off(sent_to(app, *numbers), Off.GONE, claimed_at=claimed_at)
        db.session.commit()


def test_those_that_were_sent_to_are_turned_off_and_no_others(app: Flask, susan: Browser, hands: Hands) -> None:
    gone, _kept = subscribe(susan.client), subscribe(susan.client)
    _turn_off(app, hands, gone, claimed_ago_seconds=5)
    assert {one["id"]: one["off_because"] for one in listed(susan.client)} == {gone: "gone", _kept: None}
    assert stored(app, gone).off_at == hands.now()


def test_a_browser_that_posted_again_meanwhile_stays_on(app: Flask, susan: Browser, hands: Hands) -> None:
    device = Device()
    number = subscribe(susan.client, device)
    claimed_at = hands.now()
    hands.move(seconds=1)
    subscribe(susan.client, device)
    with app.app_context():
        begin_write()
        standing.turn_off(sent_to(app, number), Off.GONE, claimed_at=claimed_at)
        db.session.commit()
    assert stored(app, number).off_at is None


def test_what_was_said_of_a_former_address_is_not_believed_of_the_new_one(
    app: Flask, susan: Browser, hands: Hands
) -> None:
    """Also where the browser has posted that before the push was claimed, and nobody could read it yet."""
    former, new = Device(), Device()
    number = subscribe(susan.client, former)
    sent = sent_to(app, number)
    assert post(susan.client, new.to_json(replaces=former.by_secret)).status_code == 200
    hands.move(seconds=1)
    claimed_at = hands.now()
    with app.app_context():
        begin_write()
        assert standing.posted_again(sent, claimed_at) == {number}
        assert standing.turn_off(sent, Off.GONE, claimed_at=claimed_at) == set()
        assert standing.strike([*sent] * 5, claimed_at) == {}
        standing.prove(sent, claimed_at)
        db.session.commit()
    row = stored(app, number)
    assert (row.endpoint, row.off_at, row.strikes, row.proven_at) == (new.endpoint, None, 0, None)


def test_one_that_is_off_keeps_its_reason_and_its_time(app: Flask, susan: Browser, hands: Hands) -> None:
    number, before = subscribe(susan.client), hands.now()
    change(app, number, off_at=before, off_because=Off.SIGNED_OUT)
    hands.move(hours=1)
    _turn_off(app, hands, number)
    assert (stored(app, number).off_at, stored(app, number).off_because) == (before, Off.SIGNED_OUT)


def test_none_is_no_browser(app: Flask, susan: Browser, hands: Hands) -> None:
    subscribe(susan.client)
    _turn_off(app, hands)
    assert [row.off_at for row in rows(app)] == [None]


@pytest.mark.parametrize("because", list(Off))
def test_no_test_is_sent_to_one_that_is_off_and_that_is_said(
    app: Flask, susan: Browser, hands: Hands, because: Off
) -> None:
    number = subscribe(susan.client)
    change(app, number, off_at=hands.now(), off_because=because)
    answer = susan.client.post(f"{API}/{number}/test", json={}, headers=OWN)
    assert (answer.status_code, (answer.json or {})["status"]) == (409, "error")


def test_who_comes_back_begins_without_the_strikes_of_before(app: Flask, susan: Browser, hands: Hands) -> None:
    """Else the next refusal would turn it off again."""
    device = Device()
    number = subscribe(susan.client, device)
    change(app, number, off_at=hands.now(), off_because=Off.REFUSED, strikes=3, first_strike_at=hands.now())
    hands.move(hours=30)
    assert subscribe(susan.client, device) == number
    row = stored(app, number)
    assert (row.off_at, row.strikes, row.first_strike_at) == (None, 0, None)


def test_who_posts_again_while_it_is_on_keeps_its_strikes(app: Flask, susan: Browser, hands: Hands) -> None:
    """A page does so at each load, and that says nothing about its push service."""
    device = Device()
    number = subscribe(susan.client, device)
    change(app, number, strikes=2, first_strike_at=hands.now())
    assert subscribe(susan.client, device) == number
    assert stored(app, number).strikes == 2
