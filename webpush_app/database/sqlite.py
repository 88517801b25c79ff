"""All that is special about SQLite: how it is opened, and how writers wait for each other.

Three facts shape this file. Waiting inside SQLite (its busy timeout) blocks the whole thread, and under gevent the
thread is the whole process: so SQLite never waits, and we do, with a sleep that lets the others run. A transaction that
began by reading cannot become a writing one when somebody else wrote meanwhile, whatever the timeout: so writers begin
with IMMEDIATE. And Python's own transaction handling begins too late for both: so it is switched off.
"""

import logging
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, cast

from sqlalchemy import URL, Connection, Engine, event, text
from sqlalchemy.engine import ExceptionContext

from webpush_app.database import busy
from webpush_app.errors import DatabaseBusy

log = logging.getLogger(__name__)

BEGIN_MODE = "sqlite_begin"  # execution option: DEFERRED for readers (the default) or IMMEDIATE for writers
WRITES = {BEGIN_MODE: "IMMEDIATE"}  # the execution options of who is going to write
PATIENCE = "sqlite_patience_seconds"  # execution option: how long a writer waits for its turn
PATIENCE_SECONDS = 5.0

# These look into the file, which another process may have for itself alone for an instant.
_READS_THE_FILE = (
    # FULL: a message that was acknowledged survives a power cut too, not only a crash of the process.
    "PRAGMA synchronous = FULL",
    # Kept in the file once it is set.
    "PRAGMA journal_mode = WAL",
)


# The disk is full, or fails.
_PASSING = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)

# Of this process one at a time asks for the lock, whoever came first: the others would only take turns from it.
_writers_turn = Lock()


def engine_options(_url: URL) -> dict[str, Any]:
    # Waiting for a connection would be waiting twice: writers already take turns, and readers never wait.
    return {"pool_size": 8, "max_overflow": -1}


def prepare(engine: Engine) -> None:
    event.listen(engine, "connect", _open)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _explain)


@contextmanager
def without_foreign_keys(connection: Connection) -> Iterator[None]:
    """For migrations: the pragma is ignored inside a transaction, so it goes around it. Elsewhere it does nothing."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = cast("sqlite3.Connection", connection.connection.dbapi_connection)
    raw.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys = ON")


def leave_the_disk_its_time(engine: Engine) -> None:
    event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous = NORMAL"))


def check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if orphans:
            raise RuntimeError(f"{len(orphans)} rows are left without the row they belong to: {orphans[:5]}")


def last_id(connection: Connection, table: str, _column: str) -> int:
    """The last one that was given, where ids are never given again; else 0."""
    query = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
    return connection.execute(query, {"table": table}).scalar() or 0


def give_ids_after(connection: Connection, table: str, _column: str, last: int) -> None:
    """It is asked only about tables whose ids are never given again; of another the row would say nothing."""
    connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table})
    added = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)")
    connection.execute(added, {"table": table, "last": last})


def _open(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout = 0")
    connection.execute("PRAGMA foreign_keys = ON")
    for statement in _READS_THE_FILE:
        _when_free(connection, statement, PATIENCE_SECONDS)


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    mode = options.get(BEGIN_MODE, "DEFERRED")
    patience_seconds = options.get(PATIENCE, PATIENCE_SECONDS)
    raw = cast("sqlite3.Connection", connection.connection.dbapi_connection)
    if mode == "DEFERRED":
        _when_free(raw, "BEGIN DEFERRED", patience_seconds)
        return
    deadline = time.monotonic() + patience_seconds
    if not _writers_turn.acquire(timeout=patience_seconds):
        raise busy.nothing_saved()
    try:
        _when_free(raw, f"BEGIN {mode}", deadline - time.monotonic())
    finally:
        _writers_turn.release()


def _explain(context: ExceptionContext) -> DatabaseBusy | None:
    """Nothing is wrong with what was asked: it can be asked again when the disk has room, or works again."""
    code = getattr(context.original_exception, "sqlite_errorcode", None)
    if code is None or code & 0xFF not in _PASSING:
        return None
    log.warning("SQLite: %s", context.original_exception)
    return busy.nothing_saved()


def _when_free(connection: sqlite3.Connection, statement: str, patience_seconds: float) -> None:
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            # The low byte is the primary code: SQLITE_BUSY has several extended forms.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            if time.monotonic() >= deadline:
                raise busy.nothing_saved() from error
        time.sleep(random.uniform(0.0005, 0.003))  # noqa: S311 - not a secret; spreads the processes out
