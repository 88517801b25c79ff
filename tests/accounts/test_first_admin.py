"""The one-time link that makes the first admin: it works once, for whoever starts the service."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.accounts.steps import at_once, is_signed_in, person, register, usernames
from tests.people import PASSWORD, People, csrf_token, submit
from webpush_app import start
from webpush_app.accounts import first_admin, service
from webpush_app.database import begin_write, db

FIELDS = {"username": "admin", "password": PASSWORD, "password2": PASSWORD, "contact_email": "ops@example.com"}
NOT_REAL = [
    "",
    "ops",
    "ops@",
    "@example.com",
    "ops@localhost",
    "ops@127.0.0.1",
    "ops@[127.0.0.1]",
    "ops@site",
    "ops@host.local",
    "ops@example.test",
    "mailto:ops@example.com",
    "ops at example.com",
    "a@b@example.com",
    "ops@exa mple.com",
    "Ops <ops@example.com>",
    "ops@example..com",
    "ops@example.com, b@example.com",
]


def _new_token(app: Flask) -> str | None:
    with app.app_context():
        begin_write()
        token = first_admin.new_token()
        db.session.commit()
        return token


def _fact(app: Flask, name: str) -> str | None:
    with app.app_context():
        return service.recall_fact(name)


@pytest.fixture
def link(app: Flask) -> str:
    return f"/first-admin/{_new_token(app)}"


def test_the_link_makes_an_admin_who_is_signed_in(app: Flask, stranger: FlaskClient, link: str) -> None:
    answer = submit(stranger, link, FIELDS)
    assert answer.status_code == 302
    assert answer.location == "/"
    assert "Welcome, admin! You are the admin of this site." in stranger.get("/").text
    assert person(app, "admin").is_admin
    assert _fact(app, "contact_email") == "ops@example.com"


def test_the_link_works_once(app: Flask, stranger: FlaskClient, link: str) -> None:
    second = app.test_client()
    token = csrf_token(second.get(link))
    submit(stranger, link, FIELDS)
    for answer in (second.get(link), second.post(link, data=FIELDS | {"csrf_token": token, "username": "mallory"})):
        assert answer.status_code == 404
        assert "This link has ended" in answer.text
    assert usernames(app) == ["admin"]
    assert _fact(app, "first_admin_link") is None


def test_a_link_is_taken_away_by_one_alone(app: Flask) -> None:
    with app.app_context():
        begin_write()
        service.remember_fact("link", "of today")
        assert not service.forget_fact("link", "of yesterday")
        assert service.forget_fact("link", "of today")
        assert not service.forget_fact("link", "of today")


def test_of_several_who_open_the_link_at_once_one_becomes_the_admin(app: Flask, link: str) -> None:
    def prepare(client: FlaskClient, number: int) -> Callable[[], TestResponse]:
        fields = FIELDS | {"username": f"admin{number}", "csrf_token": csrf_token(client.get(link))}
        return lambda: client.post(link, data=fields)

    assert sorted(at_once(app, 4, prepare)) == [302, 404, 404, 404]
    assert len(usernames(app)) == 1


@pytest.mark.usefixtures("link")
@pytest.mark.parametrize("token", ["x", "A" * 32, "%20", "None", "é", "9" * 5000])
def test_another_token_is_not_found(app: Flask, stranger: FlaskClient, token: str) -> None:
    assert stranger.get(f"/first-admin/{token}").status_code == 404
    form = csrf_token(stranger.get("/login"))
    assert stranger.post(f"/first-admin/{token}", data=FIELDS | {"csrf_token": form}).status_code == 404
    assert usernames(app) == []


def test_where_no_link_was_made_none_works(stranger: FlaskClient) -> None:
    for token in ("None", "", "x"):
        assert stranger.get(f"/first-admin/{token}").status_code == 404


def test_each_start_ends_the_link_of_the_start_before(app: Flask, stranger: FlaskClient, link: str) -> None:
    newer = f"/first-admin/{_new_token(app)}"
    assert newer != link
    assert stranger.get(link).status_code == 404
    assert stranger.get(newer).status_code == 200


def test_where_there_is_an_admin_no_link_is_made_and_none_works(
    app: Flask, people: People, stranger: FlaskClient, link: str
) -> None:
    people("john", is_admin=True)
    assert _new_token(app) is None
    assert stranger.get(link).status_code == 404


def test_the_link_is_stored_as_a_hash_alone(app: Flask, link: str) -> None:
    stored = _fact(app, "first_admin_link")
    assert stored is not None
    assert len(stored) == 64
    assert stored not in link


def test_the_start_prints_the_link_until_there_is_an_admin(
    app: Flask, people: People, stranger: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    start.announce(app)
    printed = capsys.readouterr().out
    assert printed.startswith("Ready: http://localhost:5000\n")
    path = printed.split("http://localhost:5000")[-1].strip()
    assert stranger.get(path).status_code == 200
    people("john", is_admin=True)
    start.announce(app)
    assert capsys.readouterr().out == "Ready: http://localhost:5000\n"


@pytest.mark.parametrize("address", NOT_REAL)
def test_the_contact_must_be_a_real_address(app: Flask, stranger: FlaskClient, link: str, address: str) -> None:
    answer = submit(stranger, link, FIELDS | {"contact_email": address})
    assert answer.status_code == 422
    assert ("Please give a real e-mail address" if address else "Please fill this in.") in answer.text
    assert usernames(app) == []
    assert _fact(app, "contact_email") is None


def test_a_mistake_in_the_form_does_not_use_the_link_up(
    app: Flask, people: People, stranger: FlaskClient, link: str
) -> None:
    people("susan")
    assert submit(stranger, link, FIELDS | {"password2": "differs"}).status_code == 422
    taken = submit(stranger, link, FIELDS | {"username": "Susan"})
    assert taken.status_code == 409
    assert "This username is taken." in taken.text
    assert not is_signed_in(stranger)
    assert submit(stranger, link, FIELDS | {"contact_email": " Ops@EXAMPLE.com "}).status_code == 302
    assert _fact(app, "contact_email") == "Ops@example.com"


def test_registering_never_makes_an_admin(app: Flask, stranger: FlaskClient, link: str) -> None:
    register(stranger, "susan", is_admin="y", admin="1", contact_email="ops@example.com")
    assert not person(app, "susan").is_admin
    assert _fact(app, "contact_email") is None
    assert app.test_client().get(link).status_code == 200
