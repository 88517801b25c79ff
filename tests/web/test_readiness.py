"""`/readyz`: asked by machines, every few seconds, by as many as like."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.people import People
from tests.statements import listening
from webpush_app import clock
from webpush_app.accounts.models import LoginSession
from webpush_app.database import begin_write, db
from webpush_app.delivery.watch_models import PushWorker
from webpush_app.web import readiness
from webpush_app.web.readiness import Check


@pytest.fixture
def alive(app: Flask) -> None:
    with app.app_context():
        begin_write()
        db.session.add(PushWorker(name="web:7"))
        db.session.commit()


@pytest.fixture
def asked(app: Flask) -> Iterator[list[str]]:
    """How often each of two checks is asked; they are well."""
    asked: list[str] = []

    def check(name: str) -> Check:
        asked.append(name)
        return Check(True, "Well.")

    readiness.init_app(app, {"one": lambda: check("one"), "other": lambda: check("other")})
    return iter([asked])


@pytest.mark.usefixtures("alive")
def test_a_site_that_is_well_is_ready(stranger: FlaskClient) -> None:
    answer = stranger.get("/readyz")
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["status"] == "ready"
    assert {name: check["ok"] for name, check in answer.json["checks"].items()} == {
        "database": True,
        "worker": True,
        "oldest_due": True,
    }
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_site_without_a_worker_is_not(stranger: FlaskClient) -> None:
    answer = stranger.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["status"] == "not_ready"
    assert answer.json["checks"]["worker"] == {"ok": False, "said": "None has started yet."}
    assert answer.json["checks"]["database"]["ok"]


def test_nor_is_one_whose_database_is_gone(app: Flask, stranger: FlaskClient) -> None:
    with app.app_context():
        db.drop_all()
    answer = stranger.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    checks = answer.json["checks"]
    assert not checks["worker"]["ok"]
    assert not checks["oldest_due"]["ok"]
    assert checks["worker"]["said"].startswith("It cannot be found out: ")
    assert "SELECT" not in answer.text


def test_one_check_that_fails_stops_no_other(app: Flask, stranger: FlaskClient) -> None:
    def fail() -> Check:
        raise LookupError("a secret")

    readiness.init_app(app, {"broken": fail, "well": lambda: Check(True, "Well.", 1.234)})
    answer = stranger.get("/readyz")
    assert answer.status_code == 503
    assert answer.json is not None
    assert answer.json["checks"] == {
        "broken": {"ok": False, "said": "It cannot be found out: LookupError."},
        "well": {"ok": True, "said": "Well.", "seconds": 1.2},
    }
    assert "secret" not in answer.text


def test_however_many_ask_it_is_found_out_once_a_second(
    stranger: FlaskClient, asked: Iterator[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = next(asked)
    for _time in range(5):
        assert stranger.get("/readyz").status_code == 200
    assert names == ["one", "other"]
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 0.0)
    stranger.get("/readyz")
    assert names == ["one", "other"] * 2


def test_those_who_ask_at_once_share_one_answer(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 0.0)
    begun = threading.Event()
    asked: list[int] = []

    def slow() -> Check:
        asked.append(1)
        begun.wait(5)
        return Check(True, "Well.")

    readiness.init_app(app, {"slow": slow})
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(app.test_client().get("/readyz").status_code)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    begun.set()
    for thread in threads:
        thread.join()
    assert (answers, len(asked)) == ([200] * 6, 1)


def test_a_database_that_hangs_is_not_waited_for(
    app: Flask, stranger: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "PATIENCE_SECONDS", 0.1)
    goes_on, asked = threading.Event(), list[int]()

    def hang() -> Check:
        asked.append(1)
        goes_on.wait(10)
        return Check(True, "Well.")

    readiness.init_app(app, {"database": hang})
    try:
        for _time in range(3):
            answer = stranger.get("/readyz")
            assert answer.status_code == 503
            assert answer.json is not None
            assert answer.json["checks"]["database"]["said"] == "It does not answer within 0.1 seconds."
        assert len(asked) == 1  # and no further thread hangs with it
    finally:
        goes_on.set()


@pytest.mark.usefixtures("alive")
def test_who_asks_is_no_visitor(app: Flask, people: People) -> None:
    susan = people.browser("susan")
    with app.app_context():
        begin_write()
        row = db.session.query(LoginSession).one()
        row.last_seen = before = clock.now() - timedelta(hours=1)
        db.session.commit()
        with listening(db.engine) as statements:
            answer = susan.get("/readyz")
        assert db.session.query(LoginSession).one().last_seen == before
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert not [statement for statement in statements if statement.startswith(("UPDATE", "INSERT", "DELETE"))]
    assert not [statement for statement in statements if "login_sessions" in statement]
