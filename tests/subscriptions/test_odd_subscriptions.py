"""Thousands of subscriptions that no browser sends: each is refused with a reason, or can be pushed to afterwards."""

import json
from itertools import count

from flask import Flask
from hypothesis import HealthCheck, given, settings
from werkzeug.test import TestResponse

from tests.push.browser_keys import BrowserKeys
from tests.subscriptions.devices import API, FIREFOX, OWN, assert_refused, result_of, rows
from tests.subscriptions.oddities import broken_bodies, odd_but_right
from webpush_app.protocol.encryption import encrypt
from webpush_app.protocol.subscription import Subscription
from webpush_app.subscriptions.models import fingerprint_of

HEADERS = {**OWN, **FIREFOX, "Content-Type": "application/json"}
PAYLOAD = b'{"title":"x"}'


def test_whatever_is_wrong_is_refused_with_a_reason_and_not_stored(app: Flask) -> None:
    client, posted = app.test_client(), 0

    @settings(max_examples=700, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(broken_bodies)
    def post(bodies: tuple[bytes, ...]) -> None:
        nonlocal posted
        for body in bodies:
            posted += 1
            _assert_refused(client.post(API, data=body, headers=HEADERS), body)

    post()
    assert posted >= 2000
    assert rows(app) == []


def _assert_refused(answer: TestResponse, body: bytes) -> None:
    assert answer.status_code in (400, 409), (body, answer.text)
    code = "other_key" if answer.status_code == 409 else "invalid_input"
    assert assert_refused(answer, answer.status_code, code, (answer.json or {}).get("field")).isprintable()


def test_whatever_is_stored_can_be_encrypted_to(app: Flask) -> None:
    client, visitors = app.test_client(), count()

    @settings(max_examples=300, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(odd_but_right())
    def post(sent: tuple[BrowserKeys, str, bytes]) -> None:
        keys, endpoint, body = sent
        number = next(visitors)  # as many strangers do not come from one address
        address = {"REMOTE_ADDR": f"203.0.{number // 250}.{number % 250}"}
        answer = client.post(API, data=body, headers=HEADERS, environ_overrides=address)
        if answer.status_code == 409:  # the same endpoint a second time, from a browser that made other keys
            assert_refused(answer, 409, "conflict", "endpoint")
            return
        assert answer.status_code in (200, 201), (body, answer.text)
        stored = json.loads(result_of(answer)["subscription_json"])
        assert stored["endpoint"] == endpoint
        assert keys.decrypt(encrypt(Subscription(endpoint, **stored["keys"]), PAYLOAD)) == PAYLOAD

    post()
    found = rows(app)
    assert len(found) > 50  # of how many endpoints are odd in another way, chance decides
    assert [row.fingerprint for row in found] == [fingerprint_of(row.endpoint) for row in found]
