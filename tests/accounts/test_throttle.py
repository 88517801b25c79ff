"""Guessing a password is slowed down: for a name, whether it exists or not, and for as long as the guessing goes on."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.accounts.conftest import Hands
from tests.accounts.steps import NEW_PASSWORD, at_once, fail, failures, is_signed_in, sign_in
from tests.people import PASSWORD, Browser, People, csrf_token
from webpush_app.accounts import passwords, throttle


def _wait(answer: TestResponse) -> int:
    assert answer.status_code == 429
    seconds = int(answer.headers["Retry-After"])
    assert f"wait {seconds} seconds" in answer.text
    return seconds


@pytest.mark.parametrize("name", ["susan", "nina1"])
def test_ten_failures_make_the_next_attempt_wait(
    people: People, stranger: FlaskClient, hands: Hands, verified: list[str], name: str
) -> None:
    people("susan")
    for _attempt in range(10):
        assert sign_in(stranger, name, "a wrong guess").status_code == 401
        hands.move(seconds=1)
    assert _wait(sign_in(stranger, name)) == 5
    assert len(verified) == 10
    assert not is_signed_in(stranger)


def test_a_name_waits_in_any_of_its_spellings(app: Flask, stranger: FlaskClient, people: People) -> None:
    people("susan")
    fail(app, "susan", 10, address="198.51.100.7")
    assert sign_in(stranger, "SuSaN").status_code == 429
    assert sign_in(stranger, "john").status_code == 401


def test_attempts_that_had_to_wait_do_not_count(app: Flask, stranger: FlaskClient, hands: Hands) -> None:
    fail(app, "susan", 10)
    waits = [_wait(sign_in(stranger, "susan")) for _attempt in range(3)]
    assert waits == [6, 6, 6]
    assert len(failures(app)) == 10


def test_each_further_failure_doubles_the_wait(app: Flask, stranger: FlaskClient, hands: Hands) -> None:
    fail(app, "susan", 10)
    waits = []
    for _failure in range(5):
        waits.append(_wait(sign_in(stranger, "susan")))
        fail(app, "susan", 1)
    assert waits == [6, 11, 21, 41, 81]
    fail(app, "susan", 1000)
    assert _wait(sign_in(stranger, "susan")) == throttle.WINDOW.total_seconds() + 1


def test_the_wait_ends(app: Flask, people: People, stranger: FlaskClient, hands: Hands) -> None:
    people("susan")
    fail(app, "susan", 12, address="198.51.100.7")
    hands.move(seconds=19.9)
    assert sign_in(stranger, "susan").status_code == 429
    hands.move(seconds=0.2)
    assert sign_in(stranger, "susan").status_code == 302


def test_failures_are_forgotten_after_a_quarter_of_an_hour(app: Flask, stranger: FlaskClient, hands: Hands) -> None:
    fail(app, "susan", 10)
    hands.move(minutes=15, seconds=1)
    assert sign_in(stranger, "susan", "a wrong guess").status_code == 401
    assert len(failures(app)) == 1


def test_the_page_can_still_be_opened_and_says_when_to_come_back(app: Flask, stranger: FlaskClient) -> None:
    fail(app, "susan", 10)
    answer = sign_in(stranger, "susan")
    assert re.search(r"Too many attempts. Please wait [56] seconds and try again.", answer.text)
    assert stranger.get("/login").status_code == 200


def test_guessing_in_parallel_is_counted_one_after_another(
    app: Flask, people: People, hands: Hands, verified: list[str]
) -> None:
    people("susan")
    fail(app, "susan", 5)

    def prepare(client: FlaskClient, number: int) -> Callable[[], TestResponse]:
        fields = {"username": "susan", "password": f"guess {number}", "csrf_token": csrf_token(client.get("/login"))}
        return lambda: client.post("/login", data=fields)

    statuses = at_once(app, 16, prepare)
    assert set(statuses) == {401, 429}
    assert len(verified) == statuses.count(401) == throttle.FREE_FAILURES - 5


def test_a_stolen_session_cannot_guess_the_password_either(
    app: Flask, susan: Browser, hands: Hands, verified: list[str]
) -> None:
    fields = {"password": NEW_PASSWORD, "password2": NEW_PASSWORD}
    for _attempt in range(10):
        assert susan.submit("/change_password", {"old_password": "a wrong guess", **fields}).status_code == 422
    answer = susan.submit("/change_password", {"old_password": PASSWORD, **fields})
    assert _wait(answer) == 6
    assert len(verified) == 10
    assert failures(app) == [("susan", "127.0.0.1")] * 10
    hands.move(seconds=5.1)
    assert susan.submit("/change_password", {"old_password": PASSWORD, **fields}).status_code == 302


@pytest.mark.usefixtures("hands")
def test_too_many_who_sign_in_at_once_are_asked_to_come_back(
    people: People, stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    people("susan")
    monkeypatch.setattr(passwords, "_PATIENCE_SECONDS", 0.01)
    with passwords.turn(), passwords.turn():
        answer = sign_in(stranger, "susan")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "Many people are signing in just now." in answer.text
    assert sign_in(stranger, "susan").status_code == 302
