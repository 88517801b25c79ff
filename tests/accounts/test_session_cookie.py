"""The session cookie: out of reach of scripts and other sites, and away from this machine for https alone."""

import pytest
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient

from tests.accounts.steps import carrying, cookie, is_signed_in, sign_in
from tests.people import Browser, People


def _flags(header: str) -> set[str]:
    return {part.strip() for part in header.split(";")[1:]}


@pytest.mark.parametrize(
    ("base_url", "is_secure"),
    [
        ("http://localhost", False),
        ("http://localhost:5000", False),
        ("http://127.0.0.1:5000", False),
        ("http://[::1]:5000", False),
        ("https://localhost", True),
        ("http://example.org", True),
        ("http://example.org:8080", True),
        ("http://192.168.1.5:5000", True),
        ("http://localhost.example.org", True),
        ("http://127.0.0.1.example.org", True),
        ("https://example.org", True),
    ],
)
def test_away_from_this_machine_it_travels_by_https_alone(
    stranger: FlaskClient, base_url: str, is_secure: bool
) -> None:
    answer = stranger.get("/login", base_url=base_url)
    assert ("Secure" in _flags(answer.headers["Set-Cookie"])) == is_secure


@pytest.mark.parametrize("field", [{}, {"remember_me": "y"}])
def test_neither_scripts_nor_other_sites_get_it(people: People, stranger: FlaskClient, field: dict[str, str]) -> None:
    people("susan")
    answer = sign_in(stranger, "susan", data=field, base_url="http://example.org")
    assert answer.status_code == 302
    (header,) = answer.headers.getlist("Set-Cookie")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= _flags(header)
    assert not any(flag.startswith("Domain") for flag in _flags(header))


def test_signing_out_takes_it_away(people: People) -> None:
    susan = people.browser("susan")
    susan.submit("/logout", form_at="/people")
    susan.get("/")
    with susan.client.session_transaction() as session:
        assert "_user_id" not in session


def test_it_is_signed_as_flask_signs_it_so_that_those_of_before_stay_good(app: Flask, susan: Browser) -> None:
    of_flask = SecureCookieSessionInterface().get_signing_serializer(app)
    assert of_flask is not None
    content = of_flask.loads(cookie(susan.client))
    assert set(content) >= {"_user_id"}
    before = of_flask.dumps({**content, "_id": "a" * 128})
    assert isinstance(before, str)
    assert is_signed_in(carrying(app, before))


def test_it_carries_nothing_that_is_never_compared(app: Flask, people: People) -> None:
    people("susan")
    client = app.test_client()
    sign_in(client, "susan")
    with client.session_transaction() as session:
        assert not session["_id"]


@pytest.mark.parametrize("value", ["", "x", "a.b.c", "eyJfdXNlcl9pZCI6IjEifQ.aaaaaa.bbbbbb", "\u00e9"])
def test_a_forged_one_is_nobodys(stranger: FlaskClient, value: str) -> None:
    stranger.set_cookie("webpush_session", value)
    assert stranger.get("/edit_profile").status_code == 302


@pytest.mark.parametrize("token", ["1", "", None, "susan", "x" * 3000])
def test_a_signed_one_with_a_wrong_token_is_nobodys(stranger: FlaskClient, people: People, token: str | None) -> None:
    people("susan")
    with stranger.session_transaction() as session:
        session["_user_id"] = token
    assert stranger.get("/edit_profile").status_code == 302
