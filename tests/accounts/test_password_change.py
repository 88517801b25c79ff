"""Changing the password: the old one is asked for, and every other browser is signed out."""

import pytest
from flask import Flask

from tests.accounts.steps import (
    NEW_PASSWORD,
    carrying,
    cookie,
    failures,
    is_signed_in,
    person,
    sessions_of,
    sign_in,
)
from tests.people import PASSWORD, Browser, People

FIELDS = {"old_password": PASSWORD, "password": NEW_PASSWORD, "password2": NEW_PASSWORD}


def test_the_new_password_works_and_the_old_one_does_not(app: Flask, susan: Browser) -> None:
    answer = susan.submit("/change_password", FIELDS)
    assert answer.status_code == 302
    assert answer.location == "/user/susan"
    assert "Your password is changed, and every other browser is signed out." in susan.get("/user/susan").text
    assert sign_in(app.test_client(), "susan", PASSWORD).status_code == 401
    assert sign_in(app.test_client(), "susan", NEW_PASSWORD).status_code == 302


def test_every_other_browser_is_signed_out_and_this_one_gets_a_new_session(
    app: Flask, people: People, susan: Browser, john: Browser
) -> None:
    elsewhere = people.browser("susan")
    copied = cookie(susan.client)
    before = {row.token_hash for row in sessions_of(app, "susan")}
    susan.submit("/change_password", FIELDS)
    assert not is_signed_in(elsewhere.client)
    assert not is_signed_in(carrying(app, copied))
    assert is_signed_in(susan.client)
    assert is_signed_in(john.client)
    (row,) = sessions_of(app, "susan")
    assert row.token_hash not in before


@pytest.mark.parametrize("field", [{}, {"remember_me": "y"}])
def test_a_remembered_browser_stays_remembered(app: Flask, people: People, field: dict[str, str]) -> None:
    people("susan")
    client = app.test_client()
    sign_in(client, "susan", data=field)
    Browser(client, 0, "susan").submit("/change_password", FIELDS)
    (row,) = sessions_of(app, "susan")
    assert row.is_remembered == bool(field)
    with client.session_transaction() as session:
        assert session.permanent == bool(field)


def test_a_wrong_old_password_changes_nothing(app: Flask, people: People, susan: Browser) -> None:
    elsewhere = people.browser("susan")
    answer = susan.submit("/change_password", FIELDS | {"old_password": "not the password"})
    assert answer.status_code == 422
    assert "This is not your current password." in answer.text
    assert person(app, "susan").check_password(PASSWORD)
    assert is_signed_in(elsewhere.client)
    assert failures(app) == [("susan", "127.0.0.1")]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"old_password": ""}, "Please fill this in."),
        ({"password": "1234567", "password2": "1234567"}, "at least 8 characters"),
        ({"password": "x" * 201, "password2": "x" * 201}, "at most 200 characters"),
        ({"password2": "something else"}, "The two passwords differ."),
    ],
)
def test_a_new_password_that_cannot_be_taken_costs_no_attempt(
    app: Flask, susan: Browser, verified: list[str], fields: dict[str, str], why: str
) -> None:
    answer = susan.submit("/change_password", FIELDS | fields)
    assert answer.status_code == 422
    assert why in answer.text
    assert verified == []
    assert person(app, "susan").check_password(PASSWORD)


def test_the_username_is_no_password_here_either(people: People) -> None:
    browser = people.browser("longenough")
    answer = browser.submit("/change_password", FIELDS | {"password": "LongEnough", "password2": "LongEnough"})
    assert answer.status_code == 422
    assert "not your username" in answer.text
