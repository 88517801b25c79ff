"""Whose browser it is: whoever posts it with the right keys. An endpoint alone, overheard somewhere, moves nothing."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts.steps import sessions_of, sign_in
from tests.people import Browser, People
from tests.push.browser_keys import BrowserKeys
from tests.subscriptions.devices import (
    Device,
    assert_refused,
    change,
    everything,
    ids_listed,
    listed,
    post,
    result_of,
    stored,
    subscribe,
)


def _with_other_keys(device: Device) -> Device:
    return replace(device, keys=BrowserKeys.make())


def _assert_kept(app: Flask, before: list[dict[str, object]], client: FlaskClient, device: Device) -> None:
    message = assert_refused(post(client, device.to_json()), 409, "conflict", "endpoint")
    assert "end its subscription there, and subscribe again" in message
    assert everything(app) == before


def test_who_signs_in_at_the_browser_next_takes_it_over(app: Flask, susan: Browser, john: Browser) -> None:
    device = Device()
    number = subscribe(susan.client, device)
    answer = post(john.client, device.to_json())
    assert (answer.status_code, result_of(answer)["id"]) == (200, number)
    assert ids_listed(susan.client) == []
    assert ids_listed(john.client) == [number]
    row = stored(app, number)
    assert (row.user_id, row.login_session_id) == (john.user_id, sessions_of(app, "john")[0].id)


@pytest.mark.parametrize("differs", ["auth", "p256dh", "both"])
def test_with_other_keys_nobody_takes_what_is_somebodys(
    app: Flask, susan: Browser, john: Browser, stranger: FlaskClient, differs: str
) -> None:
    device, other = Device(), BrowserKeys.make()
    subscribe(susan.client, device)
    before = everything(app)
    keys = {
        "auth": BrowserKeys(device.keys.private, other.auth),
        "p256dh": BrowserKeys(other.private, device.keys.auth),
    }
    forged = replace(device, keys=keys.get(differs, other))
    for client in (john.client, stranger):
        _assert_kept(app, before, client, forged)
    assert len(ids_listed(susan.client)) == 1


def test_a_browser_that_made_new_keys_keeps_its_row(app: Flask, people: People, susan: Browser) -> None:
    device = Device()
    number = subscribe(susan.client, device)
    renewed = _with_other_keys(device)
    assert subscribe(susan.client, renewed) == number
    assert (stored(app, number).p256dh, stored(app, number).auth) == (renewed.p256dh, renewed.auth)
    again = _with_other_keys(device)
    assert subscribe(people.browser("susan").client, again) == number, "it is hers in every session of hers"
    assert stored(app, number).auth == again.auth


def test_signing_in_makes_a_strangers_browser_ones_own(app: Flask, people: People, stranger: FlaskClient) -> None:
    susan, device = people("susan"), Device()
    number = subscribe(stranger, device)
    assert sign_in(stranger, "susan").status_code == 302
    assert ids_listed(stranger) == [], "until the page posts it again"
    assert subscribe(stranger, device) == number
    assert stored(app, number).user_id == susan
    assert ids_listed(stranger) == [number]


def test_a_stranger_at_a_persons_browser_gets_it_and_the_person_gets_no_more(
    app: Flask, susan: Browser, stranger: FlaskClient
) -> None:
    device = Device()
    number = subscribe(susan.client, device)
    assert subscribe(stranger, device) == number
    assert (stored(app, number).user_id, stored(app, number).login_session_id) == (None, None)
    assert ids_listed(susan.client) == []
    assert ids_listed(stranger) == [number]


def test_nobodys_row_is_not_anybodys(app: Flask, susan: Browser, stranger: FlaskClient) -> None:
    device = Device()
    number = subscribe(stranger, device)
    before = everything(app)
    forged = _with_other_keys(device)
    for client in (susan.client, app.test_client()):
        _assert_kept(app, before, client, forged)
    assert subscribe(stranger, forged) == number, "whose cookie remembers it may renew its keys"
    assert stored(app, number).auth == forged.auth


def test_a_remembered_row_that_became_a_persons_is_no_longer_the_strangers(
    app: Flask, susan: Browser, stranger: FlaskClient
) -> None:
    device = Device()
    number = subscribe(stranger, device)
    subscribe(susan.client, device)
    before = everything(app)
    _assert_kept(app, before, stranger, _with_other_keys(device))
    assert ids_listed(stranger) == []
    assert stored(app, number).user_id == susan.user_id


def test_what_a_person_posted_is_not_remembered_in_the_cookie(app: Flask, susan: Browser) -> None:
    subscribe(susan.client)
    susan.submit("/logout", form_at="/people")
    assert ids_listed(susan.client) == []


def test_a_conflict_does_not_turn_a_browser_on(app: Flask, susan: Browser, john: Browser) -> None:
    device = Device()
    number = subscribe(susan.client, device)
    change(app, number, off_because="gone", off_at=stored(app, number).created_at)
    assert_refused(post(john.client, _with_other_keys(device).to_json()), 409, "conflict", "endpoint")
    assert listed(susan.client)[0]["off_because"] == "gone"
