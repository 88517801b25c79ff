"""A person has at most twenty browsers here. Those that are off make room first, then who was not seen for longest.

Strangers have no such number of their own; they are counted by the address they come from."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.accounts.conftest import Hands
from tests.accounts.steps import at_once
from tests.people import Browser, People
from tests.subscriptions.devices import (
    API,
    OWN,
    Device,
    assert_refused,
    change,
    ids_listed,
    post,
    rows,
    stored,
    subscribe,
)
from webpush_app.subscriptions import service
from webpush_app.subscriptions.models import Off
from webpush_app.subscriptions.service import MOST_DEVICES


@pytest.fixture
def owned(susan: Browser, hands: Hands) -> list[tuple[int, Device]]:
    """All that Susan may have, a minute after one another."""
    return [_one_more(susan, hands) for _number in range(MOST_DEVICES)]


def _one_more(browser: Browser, hands: Hands) -> tuple[int, Device]:
    hands.move(minutes=1)
    device = Device()
    return subscribe(browser.client, device), device


def _numbers(owned: list[tuple[int, Device]]) -> list[int]:
    return [number for number, _device in owned]


def test_there_are_twenty(app: Flask, susan: Browser, owned: list[tuple[int, Device]]) -> None:
    assert MOST_DEVICES == 20
    assert ids_listed(susan.client) == _numbers(owned)[::-1]


def test_the_one_that_was_not_seen_for_longest_makes_room(
    susan: Browser, hands: Hands, owned: list[tuple[int, Device]]
) -> None:
    hands.move(minutes=1)
    subscribe(susan.client, owned[0][1])
    new, _device = _one_more(susan, hands)
    assert ids_listed(susan.client) == [new, owned[0][0], *_numbers(owned)[:1:-1]]


@pytest.mark.parametrize("because", list(Off))
def test_those_that_are_off_go_first(
    app: Flask, susan: Browser, hands: Hands, owned: list[tuple[int, Device]], because: Off
) -> None:
    for number in _numbers(owned)[-2:]:
        change(app, number, off_at=hands.now(), off_because=because)
    new, _device = _one_more(susan, hands)
    assert ids_listed(susan.client) == [new, _numbers(owned)[-1], *_numbers(owned)[-3::-1]]
    newer, _device = _one_more(susan, hands)
    assert ids_listed(susan.client) == [newer, new, *_numbers(owned)[-3::-1]]


def test_posting_again_costs_nobody_the_place(susan: Browser, owned: list[tuple[int, Device]]) -> None:
    for _number, device in owned:
        subscribe(susan.client, device)
    assert sorted(ids_listed(susan.client)) == _numbers(owned)


def test_a_browser_that_is_taken_over_needs_a_place_too(
    app: Flask, susan: Browser, john: Browser, hands: Hands, owned: list[tuple[int, Device]]
) -> None:
    number, device = _one_more(john, hands)
    subscribe(susan.client, device)
    assert sorted(ids_listed(susan.client)) == [*_numbers(owned)[1:], number]
    assert stored(app, number).user_id == susan.user_id


def test_other_peoples_and_nobodys_stay(
    app: Flask, john: Browser, stranger: FlaskClient, susan: Browser, hands: Hands
) -> None:
    others = [subscribe(john.client), subscribe(stranger)]
    change(app, others[0], off_at=hands.now(), off_because=Off.GONE)
    hands.move(hours=1)
    for _number in range(MOST_DEVICES + 2):
        _one_more(susan, hands)
    assert len(ids_listed(susan.client)) == MOST_DEVICES
    assert [row.id for row in rows(app)][:2] == others
    assert len(rows(app)) == MOST_DEVICES + 2


def test_many_strangers_are_not_one_person(app: Flask, stranger: FlaskClient) -> None:
    for _number in range(MOST_DEVICES + 1):
        subscribe(stranger)
    assert len(rows(app)) == MOST_DEVICES + 1


def _post_from(client: FlaskClient, address: str, device: Device | None = None) -> TestResponse:
    data = (device or Device()).to_json()
    return client.post(API, json=data, headers=OWN, environ_overrides={"REMOTE_ADDR": address})


def test_a_hundred_strangers_an_hour_may_come_from_one_address(
    app: Flask, stranger: FlaskClient, susan: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert service.MOST_NEW_STRANGERS == 100
    monkeypatch.setattr(service, "MOST_NEW_STRANGERS", 3)
    device = Device()
    for one in (device, Device(), Device()):
        assert _post_from(stranger, "2001:db8::1", one).status_code == 201
    refused = _post_from(app.test_client(), "2001:db8::2")
    assert "sign in" in assert_refused(refused, 429, "too_many_requests")
    assert refused.headers["Retry-After"] == "3600"
    assert _post_from(stranger, "2001:db8::2", device).status_code == 200, "who is known may come back"
    assert _post_from(stranger, "203.0.113.9").status_code == 201
    assert _post_from(susan.client, "2001:db8::1").status_code == 201, "who has an account is counted otherwise"
    assert len(rows(app)) == 5


def test_nor_do_more_come_from_there_when_many_are_posted_at_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_NEW_STRANGERS", 2)

    def prepare(client: FlaskClient, _number: int) -> Callable[[], TestResponse]:
        data = Device().to_json()
        return lambda: post(client, data)

    assert sorted(at_once(app, 12, prepare)) == [201] * 2 + [429] * 10


def test_an_hour_later_there_is_room_again(
    app: Flask, stranger: FlaskClient, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_NEW_STRANGERS", 1)
    assert _post_from(stranger, "203.0.113.9").status_code == 201
    assert _post_from(stranger, "203.0.113.9").status_code == 429
    hands.move(minutes=61)
    assert _post_from(stranger, "203.0.113.9").status_code == 201


def test_the_address_is_kept_of_strangers_alone(app: Flask, stranger: FlaskClient, susan: Browser) -> None:
    device = Device()
    _post_from(stranger, "2001:db8::1", device)
    assert [row.address for row in rows(app)] == ["2001:db8::/64"]
    _post_from(susan.client, "2001:db8::1", device)
    assert [row.address for row in rows(app)] == [None]


def test_there_are_never_more_also_when_many_are_posted_at_once(
    app: Flask, people: People, susan: Browser, owned: list[tuple[int, Device]]
) -> None:
    browsers = [people.browser("susan") for _number in range(6)]
    data = [Device().to_json() for _browser in browsers]

    def prepare(_client: FlaskClient, number: int) -> Callable[[], TestResponse]:
        return lambda: post(browsers[number].client, data[number])

    assert at_once(app, len(browsers), prepare) == [201] * len(browsers)
    assert len(ids_listed(susan.client)) == MOST_DEVICES
