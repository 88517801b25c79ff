"""When a transaction may write: it says so at its start, because later is too late."""

import sqlite3
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Connection, delete, insert, select, text, update
from sqlalchemy.exc import OperationalError

from tests.databases import Database
from tests.people import Browser
from webpush_app.accounts.models import SiteFact
from webpush_app.database import begin_write, db, insert_or_update
from webpush_app.database.session import WriteOutsideBeginWrite

Write = Callable[[], object]


def facts() -> list[str]:
    return list(db.session.scalars(select(SiteFact.name).order_by(SiteFact.name)))


def store_there(connection: Connection, name: str, value: str = "there") -> None:
    statement = (
        "INSERT INTO site_facts (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = :value"
    )
    connection.execute(text(statement), {"name": name, "value": value})


@pytest.mark.sqlite_only("PostgreSQL lets both write")
def test_a_transaction_that_began_by_reading_cannot_write_after_somebody_else_did(
    app: Flask, elsewhere: Connection
) -> None:
    """Why there is a begin_write(): SQLite refuses at once, and no patience would help."""
    with app.app_context():
        assert facts() == []
        store_there(elsewhere, "theirs")
        with pytest.raises(OperationalError) as refused:
            db.session.execute(text("INSERT INTO site_facts (name, value) VALUES ('ours', 'here')"))
    assert isinstance(refused.value.orig, sqlite3.OperationalError)
    assert refused.value.orig.sqlite_errorcode == sqlite3.SQLITE_BUSY_SNAPSHOT


def test_a_request_that_read_can_write_after_somebody_else_did(app: Flask, elsewhere: Connection) -> None:
    with app.test_request_context():
        assert facts() == []
        store_there(elsewhere, "theirs")
        begin_write()
        db.session.add(SiteFact(name="ours", value="here"))
        db.session.commit()
        assert facts() == ["ours", "theirs"]


def test_what_was_read_before_is_read_again(app: Flask, elsewhere: Connection) -> None:
    store_there(elsewhere, "fact", "old")
    with app.test_request_context():
        fact = db.session.get_one(SiteFact, "fact")
        assert fact.value == "old"
        store_there(elsewhere, "fact", "new")
        begin_write()
        assert fact.value == "new"


@pytest.mark.sqlite_only("PostgreSQL lets both write")
def test_from_begin_write_on_nobody_else_writes(app: Flask, database: Database) -> None:
    with app.test_request_context():
        begin_write()
        with database.elsewhere() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
            with pytest.raises(OperationalError, match="locked"):
                store_there(connection, "theirs")
        db.session.rollback()
        with database.elsewhere() as connection:
            store_there(connection, "theirs")


def test_a_page_is_read_while_somebody_else_writes(susan: Browser, database: Database) -> None:
    with database.somebody_writes():
        assert susan.get("/people").status_code == 200


def _flush() -> None:
    db.session.add(SiteFact(name="x", value="y"))
    db.session.flush()


WRITES: dict[str, Write] = {
    "flush": _flush,
    "insert": lambda: db.session.execute(insert(SiteFact).values(name="x", value="y")),
    "update": lambda: db.session.execute(update(SiteFact).values(value="y")),
    "delete": lambda: db.session.execute(delete(SiteFact)),
    "upsert": lambda: db.session.execute(
        insert_or_update(SiteFact).values(name="x", value="y").on_conflict_do_nothing()
    ),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_request_that_writes_without_begin_write_is_told(app: Flask, write: Write) -> None:
    with app.test_request_context(), pytest.raises(WriteOutsideBeginWrite, match=r"begin_write\(\)"):
        write()


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_the_permission_to_write_ends_with_the_transaction(app: Flask, write: Write, end: str) -> None:
    with app.test_request_context():
        begin_write()
        write()
        getattr(db.session, end)()
        with pytest.raises(WriteOutsideBeginWrite):
            write()


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_in_a_shell_the_first_statement_may_be_a_write(app: Flask, write: Write) -> None:
    with app.app_context():
        write()
        db.session.commit()


def test_in_a_shell_one_may_read_and_then_write(app: Flask) -> None:
    with app.app_context():
        assert facts() == []
        _flush()
        db.session.commit()
        assert facts() == ["x"]


@pytest.mark.sqlite_only("on PostgreSQL both begin alike")
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_write_begins_as_one(app: Flask, sqlite_statements: list[str], write: Write) -> None:
    with app.app_context():
        write()
        db.session.commit()
    assert [text for text in sqlite_statements if text.startswith("BEGIN")] == ["BEGIN IMMEDIATE"]
