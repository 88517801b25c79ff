"""What a route for programs asks of a request: our own Origin, JSON, and not too much of it. Whatever else comes is
answered in JSON, and changes nothing."""

from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import AppMaker
from tests.people import Browser
from tests.subscriptions.devices import API, Device, assert_refused, rows, subscribe
from webpush_app.web.json_requests import MOST_BODY_BYTES

OWN = {"Origin": "http://localhost"}
JSON = {"Content-Type": "application/json"}


def _post(client: FlaskClient, origin: str | None, **options: Any) -> TestResponse:
    return client.post(API, json=Device().to_json(), headers={} if origin is None else {"Origin": origin}, **options)


OURS = [
    ("http://localhost", "http://localhost"),
    ("http://localhost", "http://localhost:80"),
    ("http://localhost:5000", "http://localhost:5000"),
    ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
    ("http://[::1]:5000", "http://[::1]:5000"),
    ("https://chat.example", "https://chat.example"),
    ("https://chat.example:8443", "https://chat.example:8443"),
    ("http://chat.example", "https://chat.example"),  # a proxy that ends TLS, and says nothing of it
    ("http://chat.example:8443", "https://chat.example:8443"),
]


def test_our_own_pages_may(stranger: FlaskClient) -> None:
    for base_url, origin in OURS:
        assert _post(stranger, origin, base_url=base_url).status_code == 201, (base_url, origin)


FOREIGN = [
    None,
    "",
    "null",
    "localhost",
    "//localhost",
    "http://",
    "http://localhost/",
    "http://localhost/path",
    "http://localhost?x",
    "http://localhost#x",
    "http://localhost.evil",
    "http://evil.localhost",
    "http://localhostevil",
    "http://localhost.",
    "http://localhost:5001",
    "http://localhost:443",
    "https://localhost:80",
    "http://localhost:x",
    "http://localhost:99999",
    "http://user@localhost",
    "http://localhost@evil.example",
    "http://localhost, http://evil.example",
    "http://evil.example http://localhost",
    "http://127.0.0.1",
    "http://[::1]",
    "http://[::1",
    "http://]",
    "http://ⅼocalhost",
    "ftp://localhost",
    "file://localhost",
    "data:,localhost",
    "javascript://localhost",
    "chrome-extension://localhost",
    "http:localhost",
    "http:///localhost",
    "http:\\\\localhost",
]


def test_no_other_page_may(app: Flask, susan: Browser) -> None:
    """Its own browser sends a person's cookie with it, and an Origin that it cannot choose."""
    number = subscribe(susan.client)
    for origin in FOREIGN:
        assert "Origin" in assert_refused(_post(susan.client, origin), 403, "not_allowed"), origin
        headers = {} if origin is None else {"Origin": origin}
        assert_refused(susan.client.delete(API, json={"id": number}, headers=headers), 403, "not_allowed")
    assert [row.id for row in rows(app)] == [number]


def test_the_port_and_the_name_are_those_of_the_request(stranger: FlaskClient) -> None:
    for origin in ("http://localhost:5000", "http://localhost", "https://chat.example"):
        assert _post(stranger, origin, base_url="http://localhost:5001").status_code == 403, origin


def test_behind_a_proxy_that_ends_tls_an_https_page_is_our_own(make_app: AppMaker) -> None:
    client = make_app(trusted_proxies=1).test_client()
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "chat.example"}
    for origin, status in [
        ("https://chat.example", 201),
        ("https://evil.example", 403),
        ("http://localhost", 403),
        ("https://chat.example:8443", 403),
    ]:
        answer = client.post(API, json=Device().to_json(), headers={**forwarded, "Origin": origin})
        assert answer.status_code == status, origin


def test_nobody_is_believed_who_says_that_he_is_a_proxy(app: Flask) -> None:
    forwarded = {"X-Forwarded-Host": "evil.example", "Origin": "http://evil.example"}
    assert app.test_client().post(API, json=Device().to_json(), headers=forwarded).status_code == 403


def test_every_route_for_programs_that_changes_something_stands_behind_it(app: Flask, susan: Browser) -> None:
    """Also those that are added later: none of them asks for a CSRF token."""
    tried = 0
    for rule in app.url_map.iter_rules():
        for method in {"POST", "PUT", "PATCH", "DELETE"} & (rule.methods or set()):
            if rule.rule.startswith(("/api/", "/admin-api/")):
                tried += 1
                path = rule.build(dict.fromkeys(rule.arguments, 1))[1]  # type: ignore[index]
                answer = susan.client.open(path, method=method, json={}, headers={"Origin": "http://evil.example"})
                assert_refused(answer, 403, "not_allowed")
                answer = susan.client.open(path, method=method, data={"a": "b"}, headers=OWN)
                assert_refused(answer, 400, "invalid_input")
    assert tried >= 4


FORMS = ["", "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "json"]


def test_only_json_is_read(app: Flask, stranger: FlaskClient) -> None:
    """The others are what another site's form can send without asking."""
    for content_type in [None, *FORMS]:
        for method in ("POST", "DELETE"):
            answer = stranger.open(API, method=method, data=b'{"id": 1}', content_type=content_type, headers=OWN)
            assert "Content-Type: application/json" in assert_refused(answer, 400, "invalid_input"), content_type
    assert rows(app) == []


def test_json_has_more_than_one_name(stranger: FlaskClient) -> None:
    for content_type in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/json;"):
        answer = stranger.post(API, data=b"{}", content_type=content_type, headers=OWN)
        assert_refused(answer, 400, "invalid_input", "endpoint")


def _padded(total: int) -> bytes:
    return b'{"x":"' + b"a" * (total - 8) + b'"}'


@pytest.mark.parametrize(("method", "field"), [("POST", "endpoint"), ("DELETE", None)])
def test_a_body_of_sixteen_kibibytes_is_read(stranger: FlaskClient, method: str, field: str | None) -> None:
    assert MOST_BODY_BYTES == 16 * 1024
    answer = stranger.open(API, method=method, data=_padded(MOST_BODY_BYTES), headers={**OWN, **JSON})
    assert_refused(answer, 400, "invalid_input", field)


@pytest.mark.parametrize("size", [MOST_BODY_BYTES + 1, 60_000, 70_000, 1_000_000])
def test_a_larger_one_is_not(stranger: FlaskClient, size: int) -> None:
    for method in ("POST", "DELETE"):
        answer = stranger.open(API, method=method, data=_padded(size), headers={**OWN, **JSON})
        assert_refused(answer, 413, "request_entity_too_large")


@pytest.mark.parametrize("size", [MOST_BODY_BYTES + 1, 1_000_000])
def test_nor_is_one_that_does_not_say_how_long_it_is(stranger: FlaskClient, size: int) -> None:
    stream = BytesIO(_padded(size))
    answer = stranger.post(
        API,
        input_stream=stream,
        headers={**OWN, **JSON, "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code in (400, 413)
    assert (answer.json or {}).get("field") is None, "it was read to its end"
    assert stream.tell() <= MOST_BODY_BYTES + 1


ODD = {
    "nothing": b"",
    "half": b'{"endpoint": ',
    "an array": b"[]",
    "a text": b'"x"',
    "a number": b"5",
    "null": b"null",
    "NaN": b"NaN",
    "thousands of brackets": b"[" * 16_000,
    "thousands of closed brackets": b"[" * 8_000 + b"]" * 8_000,
    "thousands of objects": b'{"endpoint":' * 1_300,
    "brackets within": b'{"keys":' + b"[" * 8_000 + b"]" * 8_000 + b"}",
    "a lone surrogate": b'{"endpoint": "https://\\ud800/", "keys": {"auth": "\\ud800"}, "title": "\\ud800"}',
    "NUL": b'{"endpoint": "\\u0000", "keys": {"auth": "\\u0000"}, "title": "\\u0000", "body": "\\u0000"}',
    "a bare NUL": b'{"endpoint": "\0"}',
    "not a number": b'{"endpoint": NaN, "keys": Infinity, "id": -Infinity, "title": NaN}',
    "a huge number": b'{"endpoint": 1e999, "id": 1e999, "title": 1e999}',
    "a number of thousands of digits": b'{"id": ' + b"9" * 9_000 + b"}",
    "not UTF-8": b'{"endpoint": "\xff\xfe"}',
    "UTF-8 of a surrogate": b'{"endpoint": "\xed\xa0\x80"}',
    "UTF-16": '{"endpoint": "x"}'.encode("utf-16"),
    "UTF-32": '{"endpoint": "x"}'.encode("utf-32"),
    "a byte order mark": b'\xef\xbb\xbf{"endpoint": "x"}',
    "the same name twice": b'{"id": 1, "id": {}, "endpoint": 1, "title": 1}',
}


def test_an_odd_body_is_answered_in_json(app: Flask, susan: Browser, admin: Browser) -> None:
    number = subscribe(susan.client)
    trigger = "/admin-api/trigger-push-notifications"
    for name, body in ODD.items():
        for client, method, path in ((susan, "POST", API), (susan, "DELETE", API), (admin, "POST", trigger)):
            answer = client.client.open(path, method=method, data=body, headers={**OWN, **JSON})
            assert 400 <= answer.status_code < 500, (name, path, answer.text)
            assert answer.json is not None
            assert answer.json["status"] == "error"
            assert answer.json["code"]
            assert answer.json["message"].isprintable()
    assert [row.id for row in rows(app)] == [number]


def test_a_test_push_reads_no_body_and_minds_none(app: Flask, susan: Browser) -> None:
    number = subscribe(susan.client)
    headers = {**OWN, **JSON}
    assert susan.client.post(f"{API}/{number}/test", data=b"[" * 16_000, headers=headers).status_code in (202, 400)


def test_a_method_that_is_none_is_refused_in_json(susan: Browser) -> None:
    for method in ("PUT", "PATCH"):
        answer = susan.client.open(API, method=method, json={}, headers=OWN)
        assert_refused(answer, 405, "method_not_allowed")
