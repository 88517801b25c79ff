"""A form that another site sends has no token of ours, and does nothing."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.people import PASSWORD, Browser, csrf_token
from tests.statements import listening
from tests.web.addresses import paths
from webpush_app.database import db


def _forms(app: Flask) -> list[str]:
    return [*paths(app, "POST", for_strangers=True), *paths(app, "POST", for_strangers=False)]


@pytest.mark.parametrize("fields", [{}, {"csrf_token": ""}, {"csrf_token": "forged"}, {"csrf_token": "é"}])
def test_without_the_pages_token_no_form_does_anything(
    app: Flask, susan: Browser, john: Browser, fields: dict[str, str]
) -> None:
    with app.app_context():
        engine = db.engine
    susan.get("/people")
    with listening(engine) as statements:
        for path in _forms(app):
            answer = susan.client.post(path, data=fields | {"message": "x", "about_me": "x"})
            assert answer.status_code == 400, path
            assert "This form is out of date." in answer.text
    assert [one for one in statements if not one.lstrip().startswith("SELECT")] == []


def test_somebody_elses_token_is_no_token(susan: Browser, john: Browser) -> None:
    token = csrf_token(john.get("/edit_profile"))
    susan.get("/edit_profile")
    assert susan.client.post("/edit_profile", data={"csrf_token": token, "locale": "en"}).status_code == 400


def test_the_token_of_a_session_before_is_no_token(susan: Browser) -> None:
    token = csrf_token(susan.get("/edit_profile"))
    susan.submit("/logout", form_at="/people")
    fields = {"csrf_token": token, "username": "susan", "password": PASSWORD}
    susan.get("/login")
    assert susan.client.post("/login", data=fields).status_code == 400


def test_the_token_does_not_work_in_the_address(susan: Browser) -> None:
    token = csrf_token(susan.get("/edit_profile"))
    assert susan.client.post(f"/logout?csrf_token={token}").status_code == 400


def test_json_needs_the_token_too(susan: Browser) -> None:
    answer = susan.client.post("/sessions/end-others", json={})
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["code"] == "csrf"


def test_who_sends_no_cookie_is_told_about_cookies_and_https(stranger: FlaskClient) -> None:
    answer = stranger.post("/login", data={"username": "susan", "password": PASSWORD})
    assert answer.status_code == 400
    assert "Your browser sent no cookie with this form." in answer.text
    assert "https" in answer.text
