"""What another site sends has no token of ours, or not our Origin, and does nothing."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.people import PASSWORD, Browser, csrf_token
from tests.statements import listening
from tests.web.addresses import paths
from webpush_app.database import db

CHANGING = ("POST", "PUT", "PATCH", "DELETE")


def _addresses(app: Flask, method: str, *, for_programs: bool) -> list[str]:
    return [
        path
        for for_strangers in (True, False)
        for path in paths(app, method, for_strangers=for_strangers, for_programs=for_programs)
    ]


def _of_programs(app: Flask) -> list[tuple[str, str]]:
    """Everything that changes something, with its method."""
    found = [(method, path) for method in CHANGING for path in _addresses(app, method, for_programs=True)]
    assert len(found) >= 4
    return found


def _writes(statements: list[str]) -> list[str]:
    return [one for one in statements if not one.lstrip().startswith("SELECT")]


@pytest.mark.parametrize("fields", [{}, {"csrf_token": ""}, {"csrf_token": "forged"}, {"csrf_token": "é"}])
def test_without_the_pages_token_no_form_does_anything(
    app: Flask, susan: Browser, john: Browser, admin: Browser, fields: dict[str, str]
) -> None:
    with app.app_context():
        engine = db.engine
    for browser in (susan, admin):
        browser.get("/people")
        with listening(engine) as statements:
            for path in _addresses(app, "POST", for_programs=False):
                answer = browser.client.post(path, data=fields | {"message": "x", "about_me": "x", "title": "x"})
                assert answer.status_code == 400, path
                assert "This form is out of date." in answer.text
        assert _writes(statements) == []


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "http://evil.example",
        "http://localhost.evil.example",
        "http://evil.localhost",
        "http://localhost:5001",
        "https://localhost:80",
        "http://localhost/",
        "http://localhost@evil.example",
        "localhost",
        "//localhost",
        "file://localhost",
        "http://localhost, http://evil.example",
    ],
)
def test_without_our_own_origin_no_program_does_anything(app: Flask, admin: Browser, origin: str | None) -> None:
    with app.app_context():
        engine = db.engine
    headers = {} if origin is None else {"Origin": origin}
    admin.get("/people")
    with listening(engine) as statements:
        for method, path in _of_programs(app):
            answer = admin.client.open(path, method=method, json={"title": "x", "id": 1}, headers=headers)
            assert (answer.status_code, (answer.json or {})["code"]) == (403, "not_allowed"), (method, path)
    assert _writes(statements) == []


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_what_a_form_can_send_is_not_for_programs(app: Flask, admin: Browser, kind: str | None) -> None:
    with app.app_context():
        engine = db.engine
    headers = {"Origin": "http://localhost"}
    admin.get("/people")
    with listening(engine) as statements:
        for method, path in _of_programs(app):
            answer = admin.client.open(path, method=method, data='{"title": "x"}', content_type=kind, headers=headers)
            assert (answer.status_code, (answer.json or {})["code"]) == (400, "invalid_input"), (method, path)
    assert _writes(statements) == []


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
