"""A browser that has to subscribe anew says what that replaces: its row goes on under the new address, and with it
whatever is on the way to it."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts.conftest import Hands
from tests.people import Browser, People
from tests.subscriptions.devices import (
    Device,
    assert_refused,
    change,
    everything,
    ids_listed,
    new_endpoint,
    post,
    result_of,
    rows,
    stored,
    subscribe,
)
from webpush_app.subscriptions import service
from webpush_app.subscriptions.models import Off, PushSubscription, fingerprint_of

WHICH = ["by its secret", "by its number"]


def _named(how: str, device: Device, number: int) -> dict[str, Any]:
    return device.by_secret if how == WHICH[0] else {"id": number}


@pytest.mark.parametrize("how", WHICH)
def test_its_row_goes_on_under_the_new_address(app: Flask, susan: Browser, hands: Hands, how: str) -> None:
    former, device = Device(), Device()
    number = subscribe(susan.client, former)
    change(app, number, strikes=2, first_strike_at=hands.now(), hold_until=hands.now())
    created_at = stored(app, number).created_at
    hands.move(hours=1)
    answer = post(susan.client, device.to_json(replaces=_named(how, former, number)))
    assert (answer.status_code, result_of(answer)["id"]) == (200, number)
    (row,) = rows(app)
    assert (row.endpoint, row.fingerprint) == (device.endpoint, fingerprint_of(device.endpoint))
    assert (row.p256dh, row.auth, row.created_at, row.last_seen_at) == (
        *(device.p256dh, device.auth),
        *(created_at, hands.now()),
    )
    assert (row.strikes, row.first_strike_at, row.hold_until) == (0, None, None), "those were of the former one"


def test_a_strangers_browser_moves_too(app: Flask, stranger: FlaskClient) -> None:
    number = subscribe(stranger)
    assert post(stranger, Device().to_json(replaces={"id": number})).status_code == 200
    assert ids_listed(stranger) == [number]
    assert len(rows(app)) == 1


def test_what_is_not_theirs_is_left_alone_when_it_is_named_by_its_number(
    app: Flask, susan: Browser, john: Browser, stranger: FlaskClient
) -> None:
    his, nobodys = subscribe(john.client), subscribe(app.test_client())
    before = everything(app)
    for client in (susan.client, stranger):
        for number in (his, nobodys, 4711):
            assert post(client, Device().to_json(replaces={"id": number})).status_code == 201
    assert everything(app)[:2] == before
    assert len(rows(app)) == 8


def test_nor_does_an_endpoint_without_its_secret_move_anything(app: Flask, susan: Browser, john: Browser) -> None:
    device = Device()
    subscribe(john.client, device)
    before = everything(app)
    named = {"endpoint": device.endpoint, "keys": {"auth": Device().auth}}
    assert post(susan.client, Device().to_json(replaces=named)).status_code == 201
    assert everything(app)[:1] == before


def test_by_its_secret_it_goes_over_to_who_sits_at_the_browser_now(app: Flask, susan: Browser, john: Browser) -> None:
    device = Device()
    number = subscribe(john.client, device)
    answer = post(susan.client, Device().to_json(replaces=device.by_secret))
    assert result_of(answer)["id"] == number
    assert [row.user_id for row in rows(app)] == [susan.user_id]


def test_room_is_made_for_it_where_it_is_one_more_of_theirs(
    app: Flask, susan: Browser, john: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_DEVICES", 2)
    device = Device()
    hers = [subscribe(susan.client), subscribe(susan.client)]
    his = subscribe(john.client, device)
    post(susan.client, Device().to_json(replaces=device.by_secret))
    assert {row.id for row in rows(app) if row.user_id == susan.user_id} == {hers[1], his}
    post(susan.client, Device().to_json(replaces={"id": his}))
    assert {row.id for row in rows(app)} == {hers[1], his}, "and nobody goes for what is none more"


@pytest.mark.parametrize("because", [off for off in Off if off is not Off.OLD_KEY])
def test_nothing_is_on_the_way_to_one_that_is_off_so_it_is_removed(
    app: Flask, susan: Browser, hands: Hands, because: Off
) -> None:
    former = Device()
    number = subscribe(susan.client, former)
    change(app, number, off_at=hands.now(), off_because=because)
    answer = post(susan.client, Device().to_json(replaces=former.by_secret))
    assert answer.status_code == 201
    assert ids_listed(susan.client) == [result_of(answer)["id"]] != [number]


def test_one_that_is_off_for_an_old_key_alone_is_on_again(app: Flask, susan: Browser, hands: Hands) -> None:
    number = subscribe(susan.client)
    change(app, number, off_at=hands.now(), off_because=Off.OLD_KEY)
    assert result_of(post(susan.client, Device().to_json(replaces={"id": number})))["id"] == number
    assert stored(app, number).off_at is None


def test_the_outbox_has_sorted_it_under_its_push_service_so_another_one_makes_a_new_row(
    app: Flask, susan: Browser
) -> None:
    number = subscribe(susan.client)
    answer = post(susan.client, Device(new_endpoint("https://web.push.apple.com")).to_json(replaces={"id": number}))
    assert answer.status_code == 201
    assert ids_listed(susan.client) == [result_of(answer)["id"]] != [number]


def test_what_is_known_already_stays_and_the_former_one_is_removed(app: Flask, susan: Browser) -> None:
    former, device = subscribe(susan.client), Device()
    number = subscribe(susan.client, device)
    answer = post(susan.client, device.to_json(replaces={"id": former}))
    assert (answer.status_code, result_of(answer)["id"]) == (200, number)
    assert [row.id for row in rows(app)] == [number]


def test_one_that_replaces_itself_is_only_seen_again(app: Flask, susan: Browser) -> None:
    device = Device()
    number = subscribe(susan.client, device)
    for named in (device.by_secret, {"id": number}):
        assert post(susan.client, device.to_json(replaces=named)).status_code == 200
    assert [row.id for row in rows(app)] == [number]


def test_what_is_refused_moves_and_removes_nothing(app: Flask, susan: Browser, john: Browser) -> None:
    taken, former = Device(), Device()
    subscribe(john.client, taken)
    subscribe(susan.client, former)
    before = everything(app)
    posted = Device(taken.endpoint).to_json(replaces=former.by_secret)
    assert_refused(post(susan.client, posted), 409, "conflict", "endpoint")
    assert everything(app) == before


def test_what_another_request_has_stored_in_the_same_instant_is_found_when_it_is_looked_for_again(
    app: Flask, susan: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    former, device, find, asked = Device(), Device(), service._find, list[str]()
    subscribe(susan.client, former)
    number = subscribe(susan.client, device)

    def find_too_early(endpoint: str) -> PushSubscription | None:
        asked.append(endpoint)
        return None if asked == [former.endpoint, device.endpoint] else find(endpoint)

    monkeypatch.setattr(service, "_find", find_too_early)
    answer = post(susan.client, device.to_json(replaces=former.by_secret))
    assert (answer.status_code, result_of(answer)["id"]) == (200, number)
    assert [row.id for row in rows(app)] == [number]


@pytest.mark.parametrize("named", [5, "x", [], True, {}, {"id": "1"}, {"id": True}, {"id": 2**40}, {"endpoint": 5}])
def test_what_names_nothing_is_refused(app: Flask, susan: Browser, named: object) -> None:
    answer = post(susan.client, Device().to_json(replaces=named))
    assert (answer.status_code, (answer.json or {})["code"]) == (400, "invalid_input")
    assert rows(app) == []


def test_null_replaces_nothing(people: People, susan: Browser) -> None:
    assert post(susan.client, Device().to_json(replaces=None)).status_code == 201
