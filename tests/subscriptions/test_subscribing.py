"""`POST /api/push-subscriptions`: a browser says that it may be pushed to, as often as it likes."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.accounts.conftest import Hands
from tests.accounts.steps import at_once, sessions_of
from tests.conftest import AppMaker
from tests.people import Browser, People
from tests.subscriptions.devices import (
    API,
    FIREFOX,
    Device,
    assert_refused,
    change,
    everything,
    ids_listed,
    listed,
    new_endpoint,
    post,
    result_of,
    rows,
    stored,
    subscribe,
)
from webpush_app.protocol import vapid_keys
from webpush_app.subscriptions import keyring
from webpush_app.subscriptions.models import Off, fingerprint_of


def _key(app: Flask) -> str:
    with app.app_context():
        return keyring.current_key().public


def test_a_new_browser_is_created_and_a_known_one_is_the_same(app: Flask, susan: Browser) -> None:
    device = Device()
    first, second = post(susan.client, device.to_json()), post(susan.client, device.to_json())
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json == second.json
    assert [row.id for row in rows(app)] == [result_of(first)["id"]]


def test_a_browser_that_posts_several_times_at_once_has_one_row(app: Flask) -> None:
    data = Device().to_json()

    def prepare(client: FlaskClient, _number: int) -> Callable[[], TestResponse]:
        return lambda: post(client, data)

    assert sorted(at_once(app, 6, prepare)) == [200] * 5 + [201]
    assert len(rows(app)) == 1


def test_the_answer_has_the_number_and_what_the_browser_gave(susan: Browser) -> None:
    device = Device()
    answer = post(susan.client, device.to_json())
    assert set(answer.json or {}) == {"status", "result"}
    assert set(result_of(answer)) == {"id", "subscription_json"}
    given = json.loads(result_of(answer)["subscription_json"])
    assert given == {"endpoint": device.endpoint, "keys": {"p256dh": device.p256dh, "auth": device.auth}}


def test_the_form_of_the_tutorials_is_the_same_browser(app: Flask, susan: Browser) -> None:
    device = Device()
    as_text = post(susan.client, {"subscription_json": json.dumps(device.to_json())})
    assert as_text.status_code == 201
    again = post(susan.client, device.to_json())
    assert again.status_code == 200
    assert again.json == as_text.json
    assert len(rows(app)) == 1


def test_everything_a_push_needs_is_stored(app: Flask, susan: Browser) -> None:
    device = Device()
    row = stored(app, subscribe(susan.client, device))
    assert (row.endpoint, row.p256dh, row.auth) == (device.endpoint, device.p256dh, device.auth)
    assert row.fingerprint == fingerprint_of(device.endpoint)
    assert row.vapid_public_key == _key(app)
    assert (row.off_at, row.off_because) == (None, None)


def test_it_belongs_to_the_person_and_the_session_that_posted_it(app: Flask, people: People, susan: Browser) -> None:
    elsewhere = people.browser("susan")
    here, there = stored(app, subscribe(susan.client)), stored(app, subscribe(elsewhere.client))
    assert (here.user_id, there.user_id) == (susan.user_id, susan.user_id)
    assert [here.login_session_id, there.login_session_id] == [row.id for row in sessions_of(app, "susan")]


def test_nothing_in_the_body_chooses_the_owner_or_the_number(app: Flask, susan: Browser, john: Browser) -> None:
    (session,) = sessions_of(app, "john")
    forged = {
        "id": 77,
        "user_id": john.user_id,
        "login_session_id": session.id,
        "vapid_public_key": "x",
        "browser": "forged",
        "locale": "es",
        "off_at": "2020-01-01",
    }
    answer = post(susan.client, Device().to_json(**forged, user=forged), **FIREFOX)
    (row,) = rows(app)
    assert row.id == result_of(answer)["id"] != 77
    assert (row.user_id, row.login_session_id) == (susan.user_id, sessions_of(app, "susan")[0].id)
    assert (row.vapid_public_key, row.browser, row.locale, row.off_at) == (_key(app), "Firefox|Linux", "en", None)
    assert listed(john.client) == []


def test_signed_out_it_is_nobodys_and_the_cookie_remembers_it(app: Flask, stranger: FlaskClient) -> None:
    number = subscribe(stranger)
    row = stored(app, number)
    assert (row.user_id, row.login_session_id) == (None, None)
    assert ids_listed(stranger) == [number]
    cookie = stranger.get_cookie("webpush_session")
    assert cookie is not None
    assert cookie.expires is not None, "it must outlive the browser's window, as the subscription does"
    assert ids_listed(app.test_client()) == []


def test_a_strangers_cookie_remembers_the_last_five(stranger: FlaskClient) -> None:
    first, *rest = [subscribe(stranger) for _number in range(6)]
    assert sorted(ids_listed(stranger)) == rest
    assert first not in rest


def test_the_key_in_use_may_be_named_in_any_of_its_forms(app: Flask, susan: Browser) -> None:
    key = _key(app)
    standard = key.replace("-", "+").replace("_", "/")
    for form in (key, key + "=", standard, standard + "=", f" {key}\n"):
        answer = post(susan.client, Device().to_json(applicationServerKey=form))
        assert answer.status_code == 201, form
    assert {row.vapid_public_key for row in rows(app)} == {key}


def test_a_browser_of_another_key_is_told_to_subscribe_anew(app: Flask, susan: Browser) -> None:
    other = vapid_keys.generate().public
    for data in (Device().to_json(applicationServerKey=other), _as_text(Device(), applicationServerKey=other)):
        message = assert_refused(post(susan.client, data), 409, "other_key", "applicationServerKey")
        assert "End it, and subscribe again." in message
    assert rows(app) == []


def _as_text(device: Device, **beside: Any) -> dict[str, Any]:
    return {"subscription_json": json.dumps(device.to_json()), **beside}


NO_KEYS: list[Any] = ["", " ", "x", "B" * 86, "A" * 87, "\ud800", "é", 5, True, [], {}, "B" + "A" * 86]
NO_TEXTS: list[Any] = [None, 5, [], {}, True, "", "x", "null", "[]", "5", '"text"', "{}", "[" * 9000, "9" * 9000]


def test_what_is_no_key_is_refused(app: Flask, susan: Browser) -> None:
    for given in NO_KEYS:
        answer = post(susan.client, Device().to_json(applicationServerKey=given))
        assert_refused(answer, 400, "invalid_input", "applicationServerKey")
    assert rows(app) == []


def test_what_is_no_text_of_a_subscription_is_refused(app: Flask, susan: Browser) -> None:
    for given in NO_TEXTS:
        answer = post(susan.client, {"subscription_json": given})
        assert answer.status_code == 400, given
        assert (answer.json or {})["field"] in ("subscription_json", "subscription", "endpoint"), given
    assert rows(app) == []


@pytest.mark.parametrize("because", list(Off))
def test_posting_again_turns_a_browser_on(app: Flask, susan: Browser, hands: Hands, because: Off) -> None:
    device = Device()
    number = subscribe(susan.client, device)
    change(app, number, off_at=hands.now(), off_because=because)
    assert not listed(susan.client)[0]["is_on"]
    hands.move(hours=1)
    assert post(susan.client, device.to_json()).status_code == 200
    row = stored(app, number)
    assert (row.off_at, row.off_because, row.last_seen_at) == (None, None, hands.now())
    assert listed(susan.client)[0]["is_on"]


def test_posting_again_only_says_that_it_is_still_there(app: Flask, susan: Browser, hands: Hands) -> None:
    device = Device()
    subscribe(susan.client, device)
    (before,) = everything(app)
    hands.move(hours=1)
    subscribe(susan.client, device)
    (after,) = everything(app)
    assert after == before | {"last_seen_at": hands.now()}


def test_the_browser_and_its_language_are_noted_and_follow_it(app: Flask, stranger: FlaskClient) -> None:
    device = Device()
    number = subscribe(stranger, device, **FIREFOX, Accept_Language="es-MX,en;q=0.5")
    assert (stored(app, number).browser, stored(app, number).locale) == ("Firefox|Linux", "es")
    subscribe(stranger, device, User_Agent="Mozilla/5.0 (Windows NT 10.0) Chrome/150.0", Accept_Language="ko")
    assert (stored(app, number).browser, stored(app, number).locale) == ("Chrome|Windows", "ko")
    subscribe(stranger, device, User_Agent="x" * 4000, Accept_Language="xx")
    assert (stored(app, number).browser, stored(app, number).locale) == ("", "en")


def test_a_persons_own_language_goes_before_the_browsers(app: Flask, susan: Browser) -> None:
    susan.submit("/edit_profile", {"about_me": "", "locale": "zh"})
    assert stored(app, subscribe(susan.client, Accept_Language="es")).locale == "zh"


def test_a_host_of_the_settings_may_be_subscribed_at(make_app: AppMaker) -> None:
    client = make_app(push_service_hosts=("push.example.org", "*.example.net")).test_client()
    for host, status in [
        ("push.example.org", 201),
        ("a.b.example.net", 201),
        ("example.net", 400),
        ("example.org", 400),
    ]:
        assert post(client, Device(new_endpoint(f"https://{host}")).to_json()).status_code == status, host


def test_a_refusal_names_the_field_and_never_repeats_the_secret(app: Flask, susan: Browser) -> None:
    device = Device("http://127.0.0.1/secret-of-a-browser")
    answer = post(susan.client, device.to_json())
    assert "must begin with https://" in assert_refused(answer, 400, "invalid_input", "endpoint")
    assert "secret-of-a-browser" not in answer.text
    assert susan.client.post(API, json=device.to_json()).status_code == 403
    assert rows(app) == []
