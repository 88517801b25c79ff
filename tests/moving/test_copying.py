"""Everything is there afterwards, and the same; from one moment of the old database, and all of it or nothing."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import event, func, select

from tests.conftest import SECRET_KEY, AppMaker
from tests.databases import Database
from tests.engine.processes import wait_until
from tests.moving.conftest import CONTACT, Copy, PeopleAt, connected, is_empty, on_insert, rows
from tests.moving.furnished import ODD_TEXTS, count_rows
from tests.people import People
from tests.server.running import ROOT, environment
from webpush_app.database import copying, db, open_another
from webpush_app.messaging.models import Message


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "BATCH", 3)


def done(result: Result) -> str:
    assert (result.exit_code, result.exception) == (0, None), result.output
    return result.output


def test_every_row_of_every_table_is_equal(site: Flask, database: Database, copy: Copy, target: str) -> None:
    numbers = count_rows(site)
    assert all(numbers.values()), f"a furnished site has rows everywhere: {numbers}"
    said = done(copy(target))
    assert rows(target) == rows(database.url)
    listed = [line.split() for line in said.splitlines()[1 : 1 + len(numbers)]]
    assert listed == [[name, str(number)] for name, number in numbers.items()]
    assert f"Copied: {sum(numbers.values())} rows in {len(numbers)} tables." in said


def test_ids_go_on_where_the_old_database_would_have(
    site: Flask, people: People, people_at: PeopleAt, copy: Copy, target: str
) -> None:
    """Also after rows that were the newest, and are gone."""
    done(copy(target))
    there = people_at(target)
    newest = _newest(site)
    assert [there("newcomer"), there("another")] == [people("newcomer"), people("another")]
    for cast in (people, there):
        cast.write(2, 3, "after the copy")
    assert _newest(there.app) == _newest(site) > newest


def _newest(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.max(Message.id))) or 0


def test_back_to_sqlite_everything_is_there_too(
    site: Flask, people: People, people_at: PeopleAt, copy: Copy, tmp_path: Path
) -> None:
    target = f"sqlite:///{tmp_path / 'copied.sqlite3'}"
    done(copy(target))
    assert rows(target) == rows(site.config["SETTINGS"].database_url)
    assert people_at(target)("newcomer") == people("newcomer")


def test_the_app_works_there(site: Flask, people_at: PeopleAt, copy: Copy, target: str) -> None:
    done(copy(target))
    people = people_at(target)
    susan, john = people.browser("susan"), people.browser("john")
    assert john.send("susan", "Are you there?").status_code == 302
    assert susan.badge() == len(ODD_TEXTS)  # one was deleted, and one has come
    page = susan.get("/messages").text
    assert "Are you there?" in page
    assert "at noon" in page
    assert susan.badge() == 0


def test_it_is_one_moment_whatever_is_written_meanwhile(
    site: Flask, database: Database, people: People, with_tables: str
) -> None:
    before = rows(database.url)
    other = open_another(with_tables)
    with site.app_context(), copying.one_moment(db.engine) as source, copying.all_or_nothing(other) as target:
        parts = copying.copy(source, target)
        while next(parts)[0] != "users":
            pass
        people.write(people("newcomer"), 3, "after it began")
        list(parts)
    other.dispose()
    assert rows(with_tables) == before
    assert rows(database.url) != before


def test_no_more_than_a_batch_of_rows_is_in_memory(site: Flask, with_tables: str) -> None:
    other, together = open_another(with_tables), list[int]()

    def note(_connection: object, _cursor: object, statement: str, rows: Any, _context: object, _many: bool) -> None:
        if statement.startswith("INSERT"):
            together.append(len(rows) if isinstance(rows, list) else 1)

    event.listen(other, "before_cursor_execute", note)
    with site.app_context(), copying.one_moment(db.engine) as source, copying.all_or_nothing(other) as target:
        number = sum(rows for _name, rows in copying.copy(source, target))
    other.dispose()
    assert sum(together) == number
    assert max(together) == copying.BATCH == 3


def test_a_copy_that_is_killed_in_the_middle_leaves_nothing(
    site: Flask, database: Database, with_tables: str, tmp_path: Path
) -> None:
    on_insert(with_tables, "messages", "PERFORM pg_sleep(60)")
    command = [sys.executable, "-m", "flask", "--app", "app:create_app", "data", "copy", "--to", with_tables]
    env = environment(tmp_path, 5000, DATABASE_URL=database.url, SECRET_KEY=SECRET_KEY)
    with (
        connected(with_tables) as watch,
        subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE) as copying_,
    ):
        asleep = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
        wait_until(lambda: watch.execute(asleep).fetchone(), 30)
        [pid] = watch.execute(asleep).fetchone() or [0]
        os.kill(copying_.pid, signal.SIGKILL)
        copying_.wait()
        watch.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    assert is_empty(with_tables)
    assert not is_empty(database.url)


def test_what_is_not_the_same_there_is_found_and_nothing_stays(site: Flask, copy: Copy, with_tables: str) -> None:
    on_insert(with_tables, "messages", "NEW.body := upper(NEW.body)")
    result = copy(with_tables)
    assert result.exit_code == 1
    number = count_rows(site)["messages"]
    assert f"Error: The copy of messages is not like the original ({number} rows, and {number} there)." in result.output
    assert is_empty(with_tables)


def test_a_row_that_cannot_be_kept_there_is_named_and_not_shown(site: Flask, copy: Copy, with_tables: str) -> None:
    """As SQLite keeps what is longer than its column, or NUL."""
    on_insert(with_tables, "messages", "IF NEW.id = 5 THEN NEW.sending_key := repeat('k', 33); END IF")
    result = copy(with_tables)
    assert result.exit_code == 1
    assert "Error: A row of messages cannot be kept there (id 5): value too long for type character varying(32)." in (
        result.output
    )
    assert "at noon" not in result.output
    assert is_empty(with_tables)


@pytest.mark.sqlite_only("PostgreSQL keeps no NUL")
def test_nul_is_refused_by_the_row_it_is_in(site: Flask, database: Database, copy: Copy, target: str) -> None:
    database.write("UPDATE users SET about_me = 'private' || char(0) WHERE id = 2")
    result = copy(target)
    assert result.exit_code == 1
    assert "Error: A row of users cannot be kept there (id 2): " in result.output
    assert "NUL" in result.output
    assert "private" not in result.output
    assert is_empty(target)


def test_it_may_take_longer_than_a_statement_may_otherwise(site: Flask, copy: Copy, with_tables: str) -> None:
    on_insert(with_tables, "users", "PERFORM pg_sleep(0.3)")
    done(copy(f"{with_tables}&options=-c%20statement_timeout%3D200ms"))
    assert not is_empty(with_tables)


@pytest.mark.postgresql_only("SQLite ends nobody who rests")
def test_nor_is_the_old_database_left_alone_too_long(
    site: Flask, database: Database, make_app: AppMaker, with_tables: str
) -> None:
    on_insert(with_tables, "users", "PERFORM pg_sleep(0.3)")
    url = f"{database.url}&options=-c%20idle_in_transaction_session_timeout%3D200ms"
    app = make_app(database_url=url, vapid_claim_email=CONTACT)
    done(app.test_cli_runner().invoke(args=["data", "copy", "--to", with_tables]))
    assert rows(with_tables) == rows(database.url)


def test_nobody_writes_there_meanwhile(site: Flask, database: Database, copy: Copy, with_tables: str) -> None:
    """Who has begun to is waited for, and what they wrote is found."""
    results: list[Result] = []
    copies = threading.Thread(target=lambda: results.append(copy(with_tables)))
    with connected(with_tables) as other, other.transaction():
        other.execute("INSERT INTO site_facts VALUES ('somebody', 'was here')")
        copies.start()
        with connected(with_tables) as watch:
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            wait_until(lambda: watch.execute(waiting).fetchone(), 30)
    copies.join(timeout=30)
    assert results[0].exit_code == 1
    assert "is not empty: its table site_facts has 1 row." in results[0].output
    assert rows(with_tables)["site_facts"] == ["('somebody', 'was here')"]
    assert rows(with_tables)["users"] == []
