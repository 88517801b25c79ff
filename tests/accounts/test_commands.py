"""`flask user …`: people made from the command line, and refusals in one line."""

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from tests.accounts.steps import person, sign_in, usernames
from tests.databases import Database
from tests.people import PASSWORD, People
from webpush_app.accounts import service


def _run(app: Flask, *arguments: str, typed: str | None = None) -> Result:
    return app.test_cli_runner().invoke(args=["user", *arguments], input=typed)


def _contact(app: Flask) -> str | None:
    with app.app_context():
        return service.recall_fact(service.CONTACT_EMAIL)


def _is_refused(result: Result, why: str) -> bool:
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1
    return why in result.output


def test_a_person_is_created_and_can_sign_in(app: Flask, stranger: FlaskClient) -> None:
    result = _run(app, "create", "Susan", "--password", PASSWORD)
    assert result.exit_code == 0
    assert result.output == "Created Susan.\n"
    assert sign_in(stranger, "susan").status_code == 302
    assert not person(app, "Susan").is_admin


def test_the_password_is_asked_for_twice_and_not_shown(app: Flask) -> None:
    result = _run(app, "create", "susan", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    assert person(app, "susan").check_password(PASSWORD)


def test_an_admin_is_created_with_a_contact(app: Flask) -> None:
    result = _run(app, "create", "admin", "--admin", "--contact-email", "ops@example.com", "--password", PASSWORD)
    assert result.exit_code == 0
    assert result.output == "Created admin admin.\n"
    assert person(app, "admin").is_admin
    assert _contact(app) == "ops@example.com"


def test_a_reserved_name_is_for_the_operator_to_give(app: Flask) -> None:
    assert _run(app, "create", "support", "--password", PASSWORD).exit_code == 0
    assert usernames(app) == ["support"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["SUSAN", "--password", PASSWORD], "This username is taken."),
        (["jo", "--password", PASSWORD], "3 to 32 characters"),
        (["su san", "--password", PASSWORD], "letters a to z"),
        (["john", "--password", "short"], "8 to 200 characters"),
        (["john", "--password", "x" * 201], "8 to 200 characters"),
        (["john", "--password", PASSWORD, "--contact-email", "ops@localhost"], "a real e-mail address"),
    ],
)
def test_what_cannot_be_created_is_refused_in_one_line(
    app: Flask, people: People, arguments: list[str], why: str
) -> None:
    people("susan")
    assert _is_refused(_run(app, "create", *arguments), why)
    assert usernames(app) == ["susan"]
    assert _contact(app) is None


def test_somebody_is_made_an_admin(app: Flask, people: People) -> None:
    people("Susan")
    result = _run(app, "make-admin", "susan", "--contact-email", "ops@example.com")
    assert result.exit_code == 0
    assert result.output == "Susan is an admin now.\n"
    assert person(app, "Susan").is_admin
    assert _contact(app) == "ops@example.com"


def test_without_a_contact_the_stored_one_stays(app: Flask, people: People) -> None:
    people("susan")
    people("john")
    _run(app, "make-admin", "susan", "--contact-email", "ops@example.com")
    _run(app, "make-admin", "john")
    assert _contact(app) == "ops@example.com"


def test_nobody_unknown_is_made_an_admin(app: Flask) -> None:
    assert _is_refused(_run(app, "make-admin", "nina1"), "There is nobody called “nina1” here.")


def test_a_wrong_contact_makes_nobody_an_admin(app: Flask, people: People) -> None:
    people("susan")
    assert _is_refused(_run(app, "make-admin", "susan", "--contact-email", "ops"), "a real e-mail address")
    assert not person(app, "susan").is_admin
    assert _contact(app) is None


@pytest.mark.usefixtures("little_patience")
@pytest.mark.parametrize("arguments", [["create", "john", "--password", PASSWORD], ["make-admin", "susan"]])
def test_a_busy_database_is_said_in_one_line(
    app: Flask, database: Database, people: People, arguments: list[str]
) -> None:
    people("susan")
    with database.somebody_writes():
        result = _run(app, *arguments)
    assert _is_refused(result, "The service is very busy.")
