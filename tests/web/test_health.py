"""`/healthz` says that the process is alive, and asks nobody else."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from tests.people import Browser, People
from tests.statements import listening
from webpush_app.database import db


def _remembered(people: People) -> FlaskClient:
    client = people.browser("susan").client
    with client.session_transaction() as session:
        session.permanent = True
    return client


VISITORS: dict[str, Callable[[People], FlaskClient]] = {
    "stranger": lambda people: people.app.test_client(),
    "signed in": lambda people: people.browser("susan").client,
    "remembered": _remembered,
}


@pytest.mark.parametrize("visitor", VISITORS.values(), ids=VISITORS)
def test_it_answers_whoever_asks(people: People, visitor: Callable[[People], FlaskClient]) -> None:
    answer = visitor(people).get("/healthz")
    assert answer.status_code == 200
    assert answer.json == {"status": "ok"}
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("visitor", VISITORS.values(), ids=VISITORS)
def test_it_sets_no_cookie(people: People, visitor: Callable[[People], FlaskClient]) -> None:
    assert "Set-Cookie" not in visitor(people).get("/healthz").headers


def test_it_asks_no_database(app: Flask, susan: Browser) -> None:
    opened: list[object] = []
    with app.app_context():
        engine = db.engine
        engine.dispose()
    event.listen(engine, "do_connect", lambda *connection: opened.append(connection))
    with listening(engine) as statements:
        assert susan.get("/healthz").status_code == 200
    assert (opened, statements) == ([], [])


def test_it_answers_when_the_database_is_gone(app: Flask, susan: Browser) -> None:
    with app.app_context():
        db.drop_all()
        db.engine.dispose()
    assert susan.get("/healthz").status_code == 200
