"""Errors are answers: a page or JSON, in words for a person, without anything of the inside."""

from typing import NoReturn

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text, update

from tests.people import Browser, People
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db

JSON = {"Accept": "application/json"}
SECRET = "the password is hunter2"


@pytest.fixture
def broken(app: Flask) -> Flask:
    """An app with a page that writes, and then fails."""

    def fail() -> NoReturn:
        begin_write()
        db.session.execute(update(User).values(about_me="half written"))
        raise RuntimeError(SECRET)

    app.add_url_rule("/broken", view_func=fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app


def test_an_unknown_page_is_a_page_that_says_so(susan: Browser, stranger: FlaskClient) -> None:
    for client in (susan.client, stranger):
        answer = client.get("/no/such/page")
        assert answer.status_code == 404
        assert answer.content_type == "text/html; charset=utf-8"
        assert "<h1>Not found</h1>" in answer.text
        assert "There is no page at this address." in answer.text
        assert ("Sign out" in answer.text) == (client is susan.client)


@pytest.mark.parametrize(
    ("accept", "is_json"),
    [
        ("application/json", True),
        ("application/json, text/html;q=0.9", True),
        ("text/html;q=0.5, application/json", True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", False),
        ("text/html, application/json", False),
        ("*/*", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_the_caller_gets_what_it_reads(stranger: FlaskClient, accept: str, is_json: bool) -> None:
    answer = stranger.get("/no/such/page", headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.is_json == is_json
    if is_json:
        assert answer.json is not None
        assert answer.json.keys() == {"status", "code", "message"}
        assert (answer.json["status"], answer.json["code"]) == ("error", "not_found")


@pytest.mark.parametrize("path", ["/api/x", "/admin-api/x", "/notifications/x"])
def test_under_the_addresses_of_programs_every_error_is_json(stranger: FlaskClient, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 404
    assert answer.is_json


def test_a_json_error_names_the_field(susan: Browser) -> None:
    answer = susan.get("/notifications?since=x")
    assert answer.status_code == 400
    assert answer.json is not None
    assert (answer.json["code"], answer.json["field"]) == ("invalid_input", "since")


@pytest.mark.parametrize("headers", [{}, JSON])
def test_a_wrong_method_is_answered_with_the_right_ones(stranger: FlaskClient, headers: dict[str, str]) -> None:
    answer = stranger.get("/logout", headers=headers)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}
    assert answer.is_json == bool(headers)
    assert "This address cannot be used in this way." in (answer.json or {}).get("message", answer.text)


@pytest.mark.parametrize("headers", [{}, JSON])
def test_an_unexpected_error_shows_nothing_of_the_inside(
    broken: Flask, people: People, caplog: pytest.LogCaptureFixture, headers: dict[str, str]
) -> None:
    answer = people.browser("susan").get("/broken", headers=headers)
    assert answer.status_code == 500
    assert answer.is_json == bool(headers)
    assert "Something went wrong on our side." in answer.text
    for inside in (SECRET, "hunter2", "Traceback", "RuntimeError", ".py", "SELECT"):
        assert inside not in answer.text
    assert "unexpected_error method=GET route=/broken" in caplog.text
    assert "RuntimeError" in caplog.text


@pytest.mark.usefixtures("broken")
def test_what_was_begun_before_the_error_is_not_written(people: People) -> None:
    susan = people.browser("susan")
    susan.get("/broken")
    assert "half written" not in susan.get("/user/susan").text


def test_the_error_page_is_shown_even_when_the_database_is_gone(
    app: Flask, susan: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    with app.app_context():
        db.drop_all()
    for headers in ({}, JSON):
        answer = susan.get("/people", headers=headers)
        assert answer.status_code == 500
        assert "Something went wrong on our side." in answer.text
        assert "login_sessions" not in answer.text
        assert "no-store" in answer.headers["Cache-Control"]
    assert "login_sessions" in caplog.text


def test_and_when_a_part_of_it_is_gone_that_every_page_asks(app: Flask, susan: Browser) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with app.app_context():
        begin_write()
        db.session.execute(text("ALTER TABLE messages RENAME TO away"))
        db.session.commit()
    for path, status in (("/people", 500), ("/no/such/page", 404)):
        answer = susan.get(path)
        assert answer.status_code == status
        assert "<h1>" in answer.text
        assert "Sign out" not in answer.text


def test_two_slashes_at_the_beginning_are_one(stranger: FlaskClient) -> None:
    answer = stranger.get("/", environ_overrides={"PATH_INFO": "//people"})
    assert answer.location == "/login?next=/people"


@pytest.mark.parametrize("path", ["/<script>alert(1)</script>", '/"onload=alert(1)', "/people/{{7*1111}}"])
def test_an_address_is_not_repeated_as_markup(stranger: FlaskClient, path: str) -> None:
    page = stranger.get(path).text
    assert "alert(1)" not in page
    assert "7777" not in page
