"""`DELETE /api/push-subscriptions`: a browser ends its subscription, or its owner does from anywhere."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from tests.people import Browser
from tests.subscriptions.devices import (
    API,
    OWN,
    Device,
    assert_refused,
    end,
    everything,
    ids_listed,
    new_endpoint,
    result_of,
    rows,
    subscribe,
)


def test_a_browser_ends_it_whoever_is_signed_in_there(
    app: Flask, susan: Browser, john: Browser, stranger: FlaskClient
) -> None:
    for client in (susan.client, john.client, stranger, app.test_client()):
        device = Device()
        number = subscribe(susan.client, device)
        answer = end(client, device.by_secret)
        assert (answer.status_code, result_of(answer)) == (200, {"id": number})
    assert rows(app) == []


def test_the_whole_subscription_and_every_form_of_auth_will_do(app: Flask, susan: Browser) -> None:
    device = Device()
    standard = device.auth.replace("-", "+").replace("_", "/")
    for keys in ({"auth": device.auth + "=="}, {"auth": standard}, {"auth": f"{standard}==", "p256dh": "anything"}):
        subscribe(susan.client, device)
        assert end(susan.client, {"endpoint": device.endpoint, "keys": keys}).status_code == 200
    subscribe(susan.client, device)
    assert end(susan.client, device.to_json(applicationServerKey="x")).status_code == 200
    assert rows(app) == []


def test_with_a_wrong_secret_nothing_ends(app: Flask, susan: Browser) -> None:
    device, other = Device(), Device()
    subscribe(susan.client, device)
    subscribe(susan.client, other)
    before = everything(app)
    for auth in (
        other.auth,
        device.p256dh,
        "",
        "=",
        device.auth[:-1],
        device.auth + "A",
        "\ud800",
        "é",
        "\0",
        "x" * 9000,
    ):
        answer = end(susan.client, {"endpoint": device.endpoint, "keys": {"auth": auth}})
        assert_refused(answer, 404, "not_found")
    for endpoint in (new_endpoint(), "", device.endpoint + "/", device.endpoint.upper(), "\ud800", "\0", "x" * 9000):
        assert_refused(end(susan.client, device.by_secret | {"endpoint": endpoint}), 404, "not_found")
    assert everything(app) == before


def test_ones_own_is_ended_by_its_number_from_anywhere(
    app: Flask, susan: Browser, stranger: FlaskClient, people: Any
) -> None:
    number, kept = subscribe(susan.client), subscribe(susan.client)
    answer = end(people.browser("susan").client, {"id": number})
    assert (answer.status_code, result_of(answer)) == (200, {"id": number})
    assert ids_listed(susan.client) == [kept]
    nobodys = subscribe(stranger)
    assert end(stranger, {"id": nobodys}).status_code == 200
    assert [row.id for row in rows(app)] == [kept]


def test_nobody_ends_somebody_elses_by_its_number(
    app: Flask, susan: Browser, john: Browser, stranger: FlaskClient
) -> None:
    other = app.test_client()
    numbers = [subscribe(susan.client), subscribe(stranger)]
    subscribe(other)
    before = everything(app)
    for client, number in [
        (john.client, numbers[0]),
        (john.client, numbers[1]),
        (stranger, numbers[0]),
        (other, numbers[1]),
    ]:
        assert_refused(end(client, {"id": number}), 404, "not_found")
    assert end(susan.client, {"id": 999}).status_code == 404
    assert everything(app) == before


def test_a_number_does_not_reach_beyond_the_owner_even_with_a_right_secret_beside_it(
    app: Flask, susan: Browser, john: Browser
) -> None:
    device = Device()
    hers, _his = subscribe(susan.client), subscribe(john.client, device)
    assert end(john.client, {**device.by_secret, "id": hers}).status_code == 404
    assert len(rows(app)) == 2


def test_what_has_ended_is_unknown(app: Flask, susan: Browser) -> None:
    device = Device()
    number = subscribe(susan.client, device)
    assert end(susan.client, device.by_secret).status_code == 200
    assert "removed already" in assert_refused(end(susan.client, device.by_secret), 404, "not_found")
    assert end(susan.client, {"id": number}).status_code == 404
    assert subscribe(susan.client, device) > number, "its number is not given to another"


_NO_NUMBERS: list[Any] = [None, "1", 1.0, 1.5, True, [1], {}, 0, -1, 2**31, 2**64, 10**400]
SHAPES: list[Any] = [
    {},
    {"endpoint": "https://a.example/"},
    {"endpoint": "https://a.example/", "keys": None},
    {"endpoint": "https://a.example/", "keys": "auth"},
    {"endpoint": "https://a.example/", "keys": ["auth"]},
    {"endpoint": "https://a.example/", "keys": {}},
    {"endpoint": "https://a.example/", "keys": {"auth": 5}},
    {"endpoint": 5, "keys": {"auth": "x"}},
    {"endpoint": ["x"], "keys": {"auth": "x"}},
    {"keys": {"auth": "x"}},
    *({"id": number} for number in _NO_NUMBERS),
]


def test_what_names_no_subscription_is_refused(app: Flask, susan: Browser) -> None:
    subscribe(susan.client)
    for data in SHAPES:
        assert_refused(end(susan.client, data), 400, "invalid_input", "id" if "id" in data else None)
    for text in ("", "null", "[]", "5", '"x"', '{"id": 1', '{"id": NaN}', '{"id": Infinity}'):
        answer = susan.client.delete(API, data=text, headers={**OWN, "Content-Type": "application/json"})
        assert answer.status_code == 400, text
    assert len(rows(app)) == 1
