"""Signing in: a wrong name and a wrong password look alike, and a right one begins a session of its own."""

import re
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from tests.accounts.steps import (
    carrying,
    cookie,
    fail,
    failures,
    is_signed_in,
    person,
    sessions_of,
    sign_in,
)
from tests.people import PASSWORD, People
from webpush_app.accounts import passwords, sessions
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db

WRONG = "The username or the password is wrong. Please try again."


@pytest.mark.parametrize("spelling", ["susan", "SUSAN", " Susan "])
def test_the_right_password_opens_a_session(app: Flask, people: People, stranger: FlaskClient, spelling: str) -> None:
    people("susan")
    answer = sign_in(stranger, spelling, headers={"User-Agent": "Firefox/150.0 (X11; Linux)"})
    assert answer.status_code == 302
    assert answer.location == "/"
    assert is_signed_in(stranger)
    (row,) = sessions_of(app, "susan")
    assert (row.browser, row.address, row.is_remembered) == ("Firefox|Linux", "127.0.0.1", False)
    assert row.expires_at - row.last_seen == sessions.NOT_REMEMBERED
    assert person(app, "susan").last_seen == row.last_seen


def test_the_cookie_token_is_stored_as_a_hash_alone(app: Flask, people: People, stranger: FlaskClient) -> None:
    people("susan")
    sign_in(stranger, "susan")
    with stranger.session_transaction() as session:
        token = session["_user_id"]
    (row,) = sessions_of(app, "susan")
    assert len(token) >= 43
    assert token not in row.token_hash
    assert re.fullmatch(r"[0-9a-f]{64}", row.token_hash)


@pytest.mark.usefixtures("verified")
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(app: Flask, people: People) -> None:
    people("susan")
    pages = []
    for name in ("susan", "nina1"):
        client = app.test_client()
        answer = sign_in(client, name, "not the password")
        assert answer.status_code == 401
        assert WRONG in answer.text
        assert not is_signed_in(client)
        pages.append(re.sub(r'value="[^"]+"', "", answer.text))
    assert pages[0] == pages[1]
    assert failures(app) == [("susan", "127.0.0.1"), ("nina1", "127.0.0.1")]


@pytest.mark.usefixtures("real_cost")
def test_a_wrong_name_and_a_wrong_password_are_the_same_work(
    people: People, stranger: FlaskClient, verified: list[str]
) -> None:
    people("susan")
    costs = []
    for name in ("susan", "nina1"):
        verified.clear()
        sign_in(stranger, name, "not the password")
        assert len(verified) == 1
        costs.append(verified[0].rsplit("$", 2)[0])
    assert costs[0] == costs[1] == "$argon2id$v=19$m=47104,t=2,p=1"


@pytest.mark.parametrize("password_hash", [None, "", "no hash at all"])
def test_no_password_opens_an_account_without_one(password_hash: str | None) -> None:
    assert not passwords.is_right(password_hash, "")
    assert not passwords.is_right(password_hash, PASSWORD)


@pytest.mark.parametrize("fields", [{"username": ""}, {"password": ""}, {"username": "\u200b"}, {"password": "  "}])
def test_an_empty_field_is_asked_for_and_costs_no_attempt(
    app: Flask, stranger: FlaskClient, verified: list[str], fields: dict[str, str]
) -> None:
    answer = sign_in(stranger, **({"username": "susan", "password": PASSWORD} | fields))
    assert answer.status_code == 422
    assert "Please fill this in." in answer.text
    assert (verified, failures(app)) == ([], [])


@pytest.mark.parametrize("name", ["x" * 5000, "' OR 1=1 --", "sus%", "susa_", "<script>"])
def test_a_strange_name_is_merely_wrong(people: People, stranger: FlaskClient, name: str) -> None:
    people("susan")
    answer = sign_in(stranger, name)
    assert answer.status_code == 401
    assert "<script>alert" not in answer.text


def test_signing_in_renews_the_session(app: Flask, people: People) -> None:
    people("susan")
    browser = people.browser("john")
    planted = cookie(browser.client)
    browser.submit("/login", {"username": "susan", "password": PASSWORD}, form_at="/edit_profile")
    assert cookie(browser.client) != planted
    assert "Hello, susan" in browser.get("/").text
    assert not is_signed_in(carrying(app, planted))
    assert sessions_of(app, "john") == []
    assert len(sessions_of(app, "susan")) == 1


def test_nothing_of_the_cookie_from_before_is_kept(people: People, stranger: FlaskClient) -> None:
    people("susan")
    with stranger.session_transaction() as session:
        session["planted"] = "by somebody else"
    sign_in(stranger, "susan")
    with stranger.session_transaction() as session:
        assert "planted" not in session


def test_success_forgives_what_was_mistyped_here(app: Flask, people: People, stranger: FlaskClient) -> None:
    people("susan")
    fail(app, "susan", 8)
    fail(app, "susan", 1, address="198.51.100.7")
    assert sign_in(stranger, "susan").status_code == 302
    assert failures(app) == [("susan", "198.51.100.7")]


def test_the_first_sign_in_stores_the_language_of_the_browser(
    app: Flask, people: People, stranger: FlaskClient
) -> None:
    people("susan")
    sign_in(stranger, "susan", headers={"Accept-Language": "ko"})
    assert person(app, "susan").locale == "ko"
    sign_in(app.test_client(), "susan", headers={"Accept-Language": "es"})
    assert person(app, "susan").locale == "ko"


@pytest.mark.usefixtures("real_cost")
def test_a_hash_of_older_cost_is_made_anew(app: Flask, people: People, stranger: FlaskClient) -> None:
    user_id = people("susan")
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    with app.app_context():
        begin_write()
        db.session.execute(update(User).where(User.id == user_id).values(password_hash=weak))
        db.session.commit()
    assert sign_in(stranger, "susan").status_code == 302
    assert person(app, "susan").password_hash != weak
    assert person(app, "susan").check_password(PASSWORD)


@pytest.mark.parametrize(("field", "length"), [({}, None), ({"remember_me": "y"}, timedelta(days=60))])
def test_remember_me_keeps_the_browser_signed_in(
    app: Flask, people: People, stranger: FlaskClient, field: dict[str, str], length: timedelta | None
) -> None:
    people("susan")
    answer = sign_in(stranger, "susan", data=field)
    (row,) = sessions_of(app, "susan")
    assert ("Expires=" in answer.headers["Set-Cookie"]) == (length is not None)
    assert row.is_remembered == (length is not None)
    assert row.expires_at - row.last_seen == (length or sessions.NOT_REMEMBERED)


def test_somebody_who_is_signed_in_has_no_need_to_sign_in(people: People) -> None:
    assert people.browser("susan").get("/login").location == "/"
    assert people.browser("susan").get("/login?next=/people").location == "/people"
