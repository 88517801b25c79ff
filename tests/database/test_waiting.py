"""Writers wait for their turn without keeping anybody else from running, and not for ever."""

import sqlite3
import subprocess
import time
from typing import Any

import pytest
from flask import Flask

from tests.database import programs
from tests.people import Browser, People
from webpush_app.database import db, sqlite
from webpush_app.errors import DatabaseBusy

LARGEST_GAP_SECONDS = 0.2


def hold(connection: sqlite3.Connection, process: subprocess.Popen[str], seconds: float) -> dict[str, Any]:
    """Keep the database to ourselves until the program has waited so long; what it then reports."""
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "waiting\n"
        time.sleep(seconds)
    finally:
        connection.execute("ROLLBACK")
        found = programs.result(process)
    return found


def test_writers_wait_for_another_program_while_everything_else_goes_on(
    app: Flask, elsewhere: sqlite3.Connection
) -> None:
    elsewhere.execute("BEGIN IMMEDIATE")
    found = hold(elsewhere, programs.start("waiting", app.instance_path, 5), seconds=1.0)
    assert found["outcomes"] == ["stored"] * 4
    assert found["seconds"] >= 0.9
    assert found["largest_gap_seconds"] < LARGEST_GAP_SECONDS
    assert elsewhere.execute("SELECT count(*) FROM site_facts").fetchone() == (4,)


def test_writers_give_up_when_it_takes_too_long(app: Flask, elsewhere: sqlite3.Connection) -> None:
    elsewhere.execute("BEGIN IMMEDIATE")
    found = hold(elsewhere, programs.start("waiting", app.instance_path, 0.3), seconds=1.0)
    assert found["outcomes"] == ["busy"] * 4
    assert 0.3 <= found["seconds"] < 0.9
    assert found["largest_gap_seconds"] < LARGEST_GAP_SECONDS
    assert elsewhere.execute("SELECT count(*) FROM site_facts").fetchone() == (0,)


def test_a_person_is_told_to_come_back_and_nothing_is_stored(
    susan: Browser, john: Browser, people: People, elsewhere: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 0.1)
    elsewhere.execute("BEGIN IMMEDIATE")
    answer = john.send("susan", "Hello!")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert "Nothing was saved" in answer.text
    elsewhere.execute("ROLLBACK")
    assert people.bodies() == []
    assert john.send("susan", "Hello again!").status_code == 302
    assert people.bodies() == ["Hello again!"]
    assert susan.badge() == 1


def test_who_has_no_patience_does_not_wait(app: Flask, elsewhere: sqlite3.Connection) -> None:
    elsewhere.execute("BEGIN IMMEDIATE")
    options = {sqlite.BEGIN_MODE: "IMMEDIATE", sqlite.PATIENCE: 0.0}
    with app.app_context(), db.engine.connect().execution_options(**options) as connection:
        began = time.monotonic()
        with pytest.raises(DatabaseBusy):
            connection.begin()
        assert time.monotonic() - began < 0.1


def test_last_seen_is_left_for_later_when_the_database_is_busy(susan: Browser, elsewhere: sqlite3.Connection) -> None:
    elsewhere.execute("UPDATE login_sessions SET last_seen = '2020-01-01 00:00:00.000000'")
    elsewhere.execute("BEGIN IMMEDIATE")
    assert susan.get("/people").status_code == 200
    elsewhere.execute("ROLLBACK")
    assert susan.get("/people").status_code == 200
    assert elsewhere.execute("SELECT count(*) FROM login_sessions WHERE last_seen < '2021'").fetchone() == (0,)


def test_a_password_is_hashed_beside_everything_else() -> None:
    found = programs.result(programs.start("hashing"))
    assert found["is_right"]
    assert found["ticks"] >= 3
    assert found["largest_gap_seconds"] < LARGEST_GAP_SECONDS
