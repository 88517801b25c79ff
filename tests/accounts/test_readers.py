"""A route that only reads is asked by a person of a few plain values; all that holds of other routes holds of it."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_login import current_user

from tests.accounts.conftest import Hands
from tests.accounts.steps import carrying, cookie, person, sessions_of
from tests.people import Browser, People
from tests.statements import listening
from webpush_app.accounts import gate
from webpush_app.accounts.models import User
from webpush_app.accounts.readers import Reader
from webpush_app.database import db

READING = "/notifications"


def _asked(app: Flask, browser: Browser, path: str) -> list[str]:
    with app.app_context():
        engine = db.engine
    with listening(engine) as statements:
        assert browser.get(path).status_code == 200
    return statements


def _code(client: FlaskClient) -> str:
    answer = client.get(READING)
    assert answer.json is not None
    return f"{answer.status_code} {answer.json['code']}"


def test_of_the_person_no_more_is_read_than_a_reader_has(app: Flask, susan: Browser) -> None:
    session = _asked(app, susan, f"{READING}?since=0")[0]
    assert "token_hash" in session
    assert "password_hash" not in session


def test_everywhere_else_the_person_is_read_in_full_and_asked_for_once(app: Flask, susan: Browser) -> None:
    asked = [statement for statement in _asked(app, susan, "/edit_profile") if "login_sessions" in statement]
    assert len(asked) == 1
    assert "password_hash" in asked[0]


def test_a_session_that_is_ended_elsewhere_reads_nothing_more_at_once(app: Flask, susan: Browser) -> None:
    copy = carrying(app, cookie(susan.client))
    assert copy.get(READING).status_code == 200
    susan.submit("/logout", form_at="/people")
    assert _code(copy) == "401 not_signed_in"


def test_nor_does_one_that_lapsed(hands: Hands, people: People) -> None:
    susan = people.browser("susan")
    hands.move(days=1, seconds=-1)
    assert susan.get(READING).status_code == 200
    hands.move(days=1)
    assert _code(susan.client) == "401 not_signed_in"


@pytest.mark.parametrize("token", ["1", "", None, "susan", "x" * 3000])
def test_a_token_of_no_session_is_nobodys(stranger: FlaskClient, people: People, token: str | None) -> None:
    people("susan")
    with stranger.session_transaction() as session:
        session["_user_id"] = token
    assert _code(stranger) == "401 not_signed_in"


def test_reading_is_being_seen_once_a_minute_at_most(app: Flask, hands: Hands, people: People) -> None:
    susan, begun = people.browser("susan"), hands.moment
    hands.move(seconds=59)
    susan.get(READING)
    assert sessions_of(app, "susan")[0].last_seen == begun
    hands.move(seconds=1)
    assert susan.get(READING).status_code == 200
    assert sessions_of(app, "susan")[0].last_seen == person(app, "susan").last_seen == begun + timedelta(minutes=1)
    assert len(_asked(app, susan, READING)) == 2


def test_each_reads_as_themselves(susan: Browser, john: Browser) -> None:
    for browser in (susan, john):
        answer = browser.get(READING)
        assert answer.headers["Webpush-User"] == str(browser.user_id)
        assert answer.headers["Cache-Control"] == "no-store"


def test_what_goes_wrong_is_said_in_the_language_that_was_chosen(susan: Browser) -> None:
    susan.submit("/edit_profile", {"about_me": "", "locale": "es"})
    answer = susan.get(f"{READING}?since=x", headers={"Accept-Language": "ko"})
    assert answer.json is not None
    assert answer.json["message"].startswith("`since` es")


def test_what_is_written_in_such_a_route_is_written_for_the_person(app: Flask, susan: Browser) -> None:
    headers = {"Cookie": f"webpush_session={cookie(susan.client)}"}
    with app.test_request_context(READING, headers=headers):
        assert isinstance(current_user._get_current_object(), Reader)
        assert isinstance(gate.begin_write_signed_in(), User)
        db.session.rollback()
