"""`GET /api/push-subscriptions`: one's own browsers, without what would let somebody push to them."""

from datetime import datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts.conftest import Hands
from tests.conftest import AppMaker
from tests.people import Browser, People
from tests.subscriptions.devices import API, FIREFOX, Device, change, ids_listed, listed, stored, subscribe
from webpush_app.protocol import vapid_keys
from webpush_app.subscriptions import keyring
from webpush_app.subscriptions.models import Off, fingerprint_of


def test_each_sees_ones_own_alone(app: Flask, susan: Browser, john: Browser, stranger: FlaskClient) -> None:
    hers, his, nobodys = subscribe(susan.client), subscribe(john.client), subscribe(stranger)
    assert ids_listed(susan.client) == [hers]
    assert ids_listed(john.client) == [his]
    assert ids_listed(stranger) == [nobodys]
    assert ids_listed(app.test_client()) == []


def test_in_every_session_of_a_person_all_are_listed_the_latest_first(
    people: People, susan: Browser, hands: Hands
) -> None:
    first, device = Device(), Device()
    numbers = [subscribe(susan.client, first), subscribe(people.browser("susan").client, device)]
    hands.move(minutes=1)
    subscribe(susan.client, first)
    assert ids_listed(susan.client) == numbers
    assert ids_listed(people.browser("susan").client) == numbers


def test_neither_endpoint_nor_keys_are_anywhere_in_the_answer(susan: Browser, stranger: FlaskClient) -> None:
    for client in (susan.client, stranger):
        device = Device()
        subscribe(client, device)
        answer = client.get(API)
        assert fingerprint_of(device.endpoint) in answer.text
        for secret in (device.endpoint, device.endpoint.rpartition("/")[2], device.auth, device.p256dh, "endpoint"):
            assert secret not in answer.text


def test_what_is_said_of_a_browser(app: Flask, susan: Browser) -> None:
    device = Device()
    number = subscribe(susan.client, device, **FIREFOX)
    answer = susan.get(API)
    with app.app_context():
        assert (answer.json or {})["application_server_key"] == keyring.current_key().public
    (one,) = listed(susan.client)
    row = stored(app, number)
    times = {"created_at": row.created_at, "last_seen_at": row.last_seen_at}
    assert {name: datetime.fromisoformat(one.pop(name)) for name in times} == times
    assert one == {
        "id": number,
        "browser": "Firefox on Linux",
        "fingerprint": fingerprint_of(device.endpoint),
        "is_on": True,
        "off_because": None,
        "is_this_session": True,
    }


def test_the_browser_is_named_in_the_readers_language(susan: Browser) -> None:
    subscribe(susan.client, **FIREFOX)
    subscribe(susan.client, User_Agent="x")
    assert {one["browser"] for one in listed(susan.client, Accept_Language="es")} == {
        "Firefox en Linux",
        "Navegador desconocido",
    }


@pytest.mark.parametrize("because", list(Off))
def test_a_browser_that_is_off_says_why(app: Flask, susan: Browser, hands: Hands, because: Off) -> None:
    change(app, subscribe(susan.client), off_at=hands.now(), off_because=because)
    (one,) = listed(susan.client)
    assert (one["is_on"], one["off_because"]) == (False, because.value)


def test_a_browser_of_an_earlier_key_is_off(make_app: AppMaker, password_hash: str, hands: Hands) -> None:
    app = make_app(vapid_private_key=vapid_keys.generate().private_text)
    susan = People(app, password_hash).browser("susan")
    number = subscribe(susan.client)
    changed = make_app(vapid_private_key=vapid_keys.generate().private_text)
    susan = People(changed, password_hash).browser("susan")
    (one,) = listed(susan.client)
    assert (one["is_on"], one["off_because"]) == (False, "other_key")
    change(changed, number, off_at=hands.now(), off_because=Off.SIGNED_OUT)
    assert listed(susan.client)[0]["off_because"] == "signed_out"


def test_which_were_posted_in_this_session(people: People, susan: Browser) -> None:
    device, elsewhere = Device(), people.browser("susan")
    here, there = subscribe(susan.client), subscribe(elsewhere.client, device)
    assert _of_this_session(susan.client) == {here: True, there: False}
    assert _of_this_session(elsewhere.client) == {here: False, there: True}
    subscribe(susan.client, device)
    assert _of_this_session(susan.client) == {here: True, there: True}


def test_a_strangers_are_all_of_this_session(stranger: FlaskClient) -> None:
    numbers = [subscribe(stranger), subscribe(stranger)]
    assert _of_this_session(stranger) == dict.fromkeys(numbers, True)


def _of_this_session(client: FlaskClient) -> dict[int, bool]:
    return {one["id"]: one["is_this_session"] for one in listed(client)}


@pytest.mark.parametrize("remembered", [None, "1", {"1": 1}, ["1", None, 1.5, [1]], 1, True])
def test_a_cookie_that_holds_something_else_remembers_nothing(
    app: Flask, stranger: FlaskClient, remembered: object
) -> None:
    subscribe(app.test_client())
    with stranger.session_transaction() as session:
        session["push_subscriptions"] = remembered
    assert listed(stranger) == []
    assert ids_listed(stranger) == [] != [subscribe(stranger)]


def test_what_a_person_is_told_is_kept_nowhere(susan: Browser) -> None:
    answer = susan.get(API)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Cookie" in answer.headers["Vary"]
