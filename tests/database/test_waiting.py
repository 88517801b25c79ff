"""Writers wait for their turn without keeping anybody else from running, and not for ever."""

import subprocess
import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, insert

from tests.database import programs
from tests.databases import Database
from tests.people import Browser, People
from webpush_app.accounts.models import SiteFact
from webpush_app.database import begin_write, db, short_write, sqlite
from webpush_app.errors import DatabaseBusy

LARGEST_GAP_SECONDS = 0.5  # half of what others hold the database for; a machine that is busy makes gaps too


def start(app: Flask, database: Database, patience_seconds: float) -> subprocess.Popen[str]:
    return programs.start("waiting", app.instance_path, database.url, patience_seconds)


def hold(database: Database, process: subprocess.Popen[str], seconds: float) -> dict[str, Any]:
    """Keep the database to ourselves until the program has waited so long; what it then reports."""
    assert process.stdin is not None
    assert process.stdout is not None
    with database.somebody_writes():
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.readline() == "waiting\n"
        time.sleep(seconds)
    return programs.result(process)


def test_writers_wait_for_another_program_while_everything_else_goes_on(app: Flask, database: Database) -> None:
    found = hold(database, start(app, database, 5), seconds=1.0)
    assert found["outcomes"] == ["stored"] * 4
    assert found["seconds"] >= 0.9
    assert found["largest_gap_seconds"] < LARGEST_GAP_SECONDS
    assert database.rows("SELECT count(*) FROM site_facts") == [(4,)]


def test_writers_give_up_when_it_takes_too_long(app: Flask, database: Database) -> None:
    found = hold(database, start(app, database, 0.3), seconds=2.0)
    assert found["outcomes"] == ["busy"] * 4
    assert 0.3 <= found["seconds"] < 1.8
    assert found["largest_gap_seconds"] < LARGEST_GAP_SECONDS
    assert database.rows("SELECT count(*) FROM site_facts") == [(0,)]


@pytest.mark.usefixtures("little_patience")
def test_a_person_is_told_to_come_back_and_nothing_is_stored(
    database: Database, susan: Browser, john: Browser, people: People
) -> None:
    with database.somebody_writes():
        answer = john.send("susan", "Hello!")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert "Nothing was saved" in answer.text
    assert people.bodies() == []
    assert john.send("susan", "Hello again!").status_code == 302
    assert people.bodies() == ["Hello again!"]
    assert susan.badge() == 1


@pytest.mark.sqlite_only("PostgreSQL's writers wait for rows, not for their turn")
def test_who_has_no_patience_does_not_wait(app: Flask, database: Database) -> None:
    options = {sqlite.BEGIN_MODE: "IMMEDIATE", sqlite.PATIENCE: 0.0}
    with (
        database.somebody_writes(),
        app.app_context(),
        db.engine.connect().execution_options(**options) as connection,
    ):
        began = time.monotonic()
        with pytest.raises(DatabaseBusy):
            connection.begin()
        assert time.monotonic() - began < 2


def test_a_short_write_waits_for_nobody(app: Flask, database: Database) -> None:
    statement = insert(SiteFact).values(name="x", value="y")
    with app.app_context():
        with database.somebody_writes():
            began = time.monotonic()
            with pytest.raises(DatabaseBusy), short_write() as connection:
                connection.execute(statement)
            assert time.monotonic() - began < 2
        assert database.rows("SELECT count(*) FROM site_facts") == [(0,)]
        with short_write() as connection:
            connection.execute(statement)
    assert database.rows("SELECT name FROM site_facts") == [("x",)]


def test_last_seen_is_left_for_later_when_the_database_is_busy(
    susan: Browser, database: Database, elsewhere: Connection
) -> None:
    elsewhere.exec_driver_sql("UPDATE login_sessions SET last_seen = '2020-01-01 00:00:00.000000'")
    with database.somebody_writes():
        assert susan.get("/people").status_code == 200
    before = "SELECT count(*) FROM login_sessions WHERE last_seen < '2021-01-01'"
    assert database.rows(before) == [(1,)]
    assert susan.get("/people").status_code == 200
    assert database.rows(before) == [(0,)]


def test_a_password_is_hashed_beside_everything_else() -> None:
    found = programs.result(programs.start("hashing"))
    assert found["is_right"]
    assert found["ticks"] >= 3


@pytest.mark.sqlite_only("PostgreSQL says so in its own way")
def test_a_full_disk_is_no_fault_of_what_was_asked(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with app.app_context():
        begin_write()
        pages = db.session.connection().exec_driver_sql("PRAGMA page_count").scalar_one()
        db.session.connection().exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        db.session.add_all([SiteFact(name=f"fact {number}", value="x" * 3000) for number in range(50)])
        with pytest.raises(DatabaseBusy):
            db.session.commit()
        db.session.rollback()
    assert "database or disk is full" in caplog.text
