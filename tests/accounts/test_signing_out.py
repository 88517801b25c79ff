"""Signing out ends the session itself, not only the cookie."""

from flask import Flask
from flask.testing import FlaskClient

from tests.accounts.steps import carrying, cookie, is_signed_in, sessions_of
from tests.people import Browser, People, submit


def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(app: Flask, susan: Browser) -> None:
    copied = cookie(susan.client)
    assert is_signed_in(carrying(app, copied))
    answer = susan.submit("/logout", form_at="/people")
    assert answer.status_code == 302
    assert answer.location == "/"
    assert "You are signed out." in susan.get("/").text
    assert not is_signed_in(susan.client)
    assert not is_signed_in(carrying(app, copied))
    assert sessions_of(app, "susan") == []


def test_other_browsers_stay_signed_in(people: People, susan: Browser) -> None:
    elsewhere = people.browser("susan")
    susan.submit("/logout", form_at="/people")
    assert is_signed_in(elsewhere.client)


def test_a_link_cannot_sign_anybody_out(susan: Browser) -> None:
    for method in ("get", "head", "put", "delete"):
        assert susan.client.open("/logout", method=method).status_code == 405
    assert is_signed_in(susan.client)


def test_another_site_cannot_sign_anybody_out(susan: Browser) -> None:
    assert susan.client.post("/logout").status_code == 400
    assert is_signed_in(susan.client)


def test_signing_out_twice_does_no_harm(app: Flask, stranger: FlaskClient) -> None:
    answer = submit(stranger, "/logout", form_at="/login")
    assert answer.status_code == 302
    assert answer.location == "/"
