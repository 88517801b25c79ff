"""How every connection to SQLite is opened, and what it may rely on from then on."""

import sqlite3
import threading
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, insert
from sqlalchemy.exc import IntegrityError

from webpush_app import clock
from webpush_app.database import begin_write, db, sqlite
from webpush_app.messaging.models import Message

FULL = 2


@pytest.mark.sqlite_only("these are its own settings")
def test_every_connection_is_opened_in_the_same_way(app: Flask) -> None:
    with app.app_context(), ExitStack() as opened:
        for connection in [opened.enter_context(db.engine.connect()) for _ in range(3)]:
            names = ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names}
            assert found == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 0, "synchronous": FULL}


def test_a_row_must_belong_to_a_row_that_exists(app: Flask) -> None:
    with app.app_context():
        begin_write()
        orphan = insert(Message).values(sender_id=4711, recipient_id=4712, body="x", timestamp=clock.now())
        with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
            db.session.execute(orphan)


def test_who_has_the_file_alone_makes_those_who_open_it_wait(tmp_path: Path) -> None:
    """It is had alone while WAL is taken the first time, and while the last connection of another process closes."""
    path = tmp_path / "new.sqlite3"
    engine = create_engine(f"sqlite:///{path}")
    sqlite.prepare(engine)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as first:
        first.execute("BEGIN EXCLUSIVE")
        release = threading.Timer(0.3, first.execute, ["COMMIT"])
        release.start()
        try:
            with engine.connect() as second:
                assert second.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        finally:
            release.join()
            engine.dispose()


@pytest.mark.sqlite_only("PostgreSQL bears only so many connections")
def test_nothing_waits_for_a_place_in_the_pool(app: Flask) -> None:
    with app.app_context(), ExitStack() as opened:
        for _ in range(100):
            opened.enter_context(db.engine.connect())
