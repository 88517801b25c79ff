"""Registering: what makes an account, what is refused with which words, and what happens when two want one name."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.accounts.steps import at_once, is_signed_in, person, register, sessions_of, usernames
from tests.people import PASSWORD, People, csrf_token


def test_a_new_account_is_signed_in_and_welcomed(app: Flask, stranger: FlaskClient) -> None:
    answer = register(stranger, "Susan_1.x-y")
    assert answer.status_code == 302
    assert answer.location == "/"
    assert "Welcome, Susan_1.x-y! Your account is ready." in stranger.get("/").text
    assert usernames(app) == ["Susan_1.x-y"]
    assert len(sessions_of(app, "Susan_1.x-y")) == 1
    assert not person(app, "Susan_1.x-y").is_admin


def test_the_password_is_stored_as_a_hash_alone(app: Flask, stranger: FlaskClient) -> None:
    register(stranger, "susan")
    stored = person(app, "susan")
    assert stored.password_hash.startswith("$argon2id$")
    assert PASSWORD not in stored.password_hash
    assert stored.check_password(PASSWORD)
    assert not stored.check_password(PASSWORD + "x")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"username": ""}, "Please fill this in."),
        ({"username": " \u200b "}, "Please fill this in."),
        ({"username": "jo"}, "3 to 32 characters"),
        ({"username": "x" * 33}, "3 to 32 characters"),
        ({"username": "su san"}, "letters a to z"),
        ({"username": "Admin"}, "This username is reserved."),
        ({"password": "", "password2": ""}, "Please fill this in."),
        ({"password": " " * 12, "password2": " " * 12}, "Please fill this in."),
        ({"password": "1234567", "password2": "1234567"}, "at least 8 characters"),
        ({"password": "x" * 201, "password2": "x" * 201}, "at most 200 characters"),
        ({"password2": PASSWORD + " "}, "The two passwords differ."),
        ({"password2": ""}, "Please fill this in."),
        ({"username": "Longenough", "password": "longENOUGH", "password2": "longENOUGH"}, "not your username"),
    ],
)
def test_what_cannot_be_registered_is_explained_beside_its_field(
    app: Flask, stranger: FlaskClient, fields: dict[str, str], why: str
) -> None:
    answer = register(stranger, **({"username": "susan"} | fields))
    assert answer.status_code == 422
    assert why in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert usernames(app) == []
    assert not is_signed_in(stranger)


@pytest.mark.parametrize("password", ["12345678", "x" * 200, " spaces at both ends ", "пароль и ещё"])
def test_a_password_is_taken_as_it_was_typed(app: Flask, stranger: FlaskClient, password: str) -> None:
    assert register(stranger, "susan", password=password).status_code == 302
    stored = person(app, "susan")
    assert stored.check_password(password)
    assert not stored.check_password(password.strip() + "x")
    if password != password.strip():
        assert not stored.check_password(password.strip())


def test_spaces_around_a_name_are_no_part_of_it(app: Flask, stranger: FlaskClient) -> None:
    assert register(stranger, "  susan\t").status_code == 302
    assert usernames(app) == ["susan"]


def test_a_refused_form_keeps_the_name_and_forgets_the_password(stranger: FlaskClient) -> None:
    answer = register(stranger, "su<san")
    assert 'value="su&lt;san"' in answer.text
    assert PASSWORD not in answer.text


@pytest.mark.parametrize("taken", ["susan", "SUSAN", "sUsAn"])
def test_a_taken_name_is_a_conflict_in_any_case(app: Flask, people: People, stranger: FlaskClient, taken: str) -> None:
    people("Susan")
    answer = register(stranger, taken)
    assert answer.status_code == 409
    assert "This username is taken. Please choose another one." in answer.text
    assert f'value="{taken}"' in answer.text
    assert usernames(app) == ["Susan"]
    assert not is_signed_in(stranger)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("ko-KR", "ko"),
        ("zh-TW,zh;q=0.9", "zh"),
        ("fr,en;q=0.1", "en"),
        ("fr", "en"),
        ("", "en"),
        (";;;q=x,,", "en"),
    ],
)
def test_the_language_of_the_browser_is_stored(app: Flask, stranger: FlaskClient, header: str, language: str) -> None:
    token = csrf_token(stranger.get("/register"))
    fields = {"csrf_token": token, "username": "susan", "password": PASSWORD, "password2": PASSWORD}
    stranger.post("/register", data=fields, headers={"Accept-Language": header})
    assert person(app, "susan").locale == language


def test_of_several_who_register_one_name_at_once_one_gets_it(app: Flask) -> None:
    def prepare(client: FlaskClient, number: int) -> Callable[[], TestResponse]:
        fields = {"username": "Racer" if number % 2 else "racer", "password": PASSWORD, "password2": PASSWORD}
        fields["csrf_token"] = csrf_token(client.get("/register"))
        return lambda: client.post("/register", data=fields)

    assert sorted(at_once(app, 6, prepare)) == [302, *[409] * 5]
    assert [name.lower() for name in usernames(app)] == ["racer"]


def test_somebody_who_is_signed_in_has_no_need_to_register(people: People) -> None:
    assert people.browser("susan").get("/register").location == "/"
