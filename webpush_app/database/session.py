"""The request's database session: when a transaction may write, and what happens after it is committed.

Entry points (routes, commands, worker steps, socket handlers) call `begin_write()` before their first query, and they
alone commit. Services add and flush.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, has_request_context
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from webpush_app.database import postgresql, sqlite
from webpush_app.database.base import Base
from webpush_app.logs import line

log = logging.getLogger(__name__)

# What was read stays readable after the commit: a page is drawn from it, and asking again would cost a query a row.
db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})

_MAY_WRITE = "may_write"
_HAS_SNAPSHOT = "has_snapshot"
_AFTER_COMMIT = "after_commit"
_SAVEPOINTS = "savepoints"  # how many callbacks there were when each began


class WriteOutsideBeginWrite(RuntimeError):
    """A request writes without `begin_write()`: it would fail as soon as somebody else writes at the same time."""


def engine_options(database_url: str) -> dict[str, Any]:
    # What people wrote must not come into the log with an error.
    private = {"hide_parameters": True}
    url = make_url(database_url)
    own = (sqlite if url.get_backend_name() == "sqlite" else postgresql).engine_options(url)
    return {**private, **own}


def check(database_url: str, given_as: str = "DATABASE_URL") -> None:
    """At the start, before anything else asks the database."""
    if make_url(database_url).get_backend_name() == "postgresql":
        postgresql.check(database_url, given_as)


def init_app(app: Flask) -> None:
    db.init_app(app)
    with app.app_context():
        _prepare(db.engine)


def open_another(database_url: str) -> Engine:
    """Beside the app's own: opened in the same way. Whoever asks for it disposes of it."""
    engine = create_engine(database_url, **engine_options(database_url))
    _prepare(engine)
    return engine


def _prepare(engine: Engine) -> None:
    (sqlite if engine.dialect.name == "sqlite" else postgresql).prepare(engine)


def leave_the_disk_its_time() -> None:
    """For a process that can do again whatever a power cut takes away: its commits do not wait for the disk. Nothing is
    ever torn, and what another process said is stored is on the disk all the same."""
    (sqlite if db.engine.dialect.name == "sqlite" else postgresql).leave_the_disk_its_time(db.engine)
    db.engine.dispose()


def begin_write() -> None:
    """Start a transaction that may write, at once. What was read before is read again: it may have changed."""
    session = db.session()
    session.rollback()
    session.connection(execution_options=sqlite.WRITES)
    session.info[_MAY_WRITE] = True


def is_writing() -> bool:
    """Has this transaction begun with `begin_write()`? What it relies on may have to be locked then."""
    return bool(db.session().info.get(_MAY_WRITE))


@contextmanager
def short_write() -> Iterator[Connection]:
    """A write of its own, apart from the request's transaction. When somebody else is writing, DatabaseBusy at once."""
    options = {**sqlite.WRITES, sqlite.PATIENCE: 0.0}
    with db.engine.connect().execution_options(**options) as connection, connection.begin():
        postgresql.wait_for_nobody(connection)
        yield connection


def after_commit(callback: Callable[[], None]) -> None:
    """Run this once what was written is safe, and not at all if it is rolled back. Hand it plain values only. Of
    several that are equal one is run."""
    db.session().info.setdefault(_AFTER_COMMIT, {}).setdefault(callback)


@event.listens_for(db.session, "after_begin")
def _note_snapshot(session: Session, _transaction: SessionTransaction, _connection: Any) -> None:
    session.info[_HAS_SNAPSHOT] = True


@event.listens_for(db.session, "before_flush")
def _check_flush(session: Session, _context: Any, _instances: Any) -> None:
    _check_may_write(session)


@event.listens_for(db.session, "do_orm_execute")
def _check_statement(state: ORMExecuteState) -> None:
    if state.is_insert or state.is_update or state.is_delete:
        _check_may_write(state.session)


def _check_may_write(session: Session) -> None:
    if session.info.get(_MAY_WRITE):
        return
    if has_request_context():
        raise WriteOutsideBeginWrite("call begin_write() before the first query of a request that writes")
    if not session.info.get(_HAS_SNAPSHOT):  # `flask shell` and scripts: their first statement is the write
        session.connection(execution_options=sqlite.WRITES)


@event.listens_for(db.session, "after_transaction_end")
def _forget_mode(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_MAY_WRITE, None)
        session.info.pop(_HAS_SNAPSHOT, None)
        session.info.pop(_SAVEPOINTS, None)


@event.listens_for(db.session, "after_transaction_create")
def _note_savepoint(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.info.setdefault(_SAVEPOINTS, {})[transaction] = len(session.info.get(_AFTER_COMMIT, ()))


@event.listens_for(db.session, "after_soft_rollback")
def _drop_callbacks(session: Session, transaction: SessionTransaction) -> None:
    """What was rolled back takes its callbacks with it: all of them, or those of the savepoint."""
    kept = session.info.get(_SAVEPOINTS, {}).pop(transaction, 0) if transaction.nested else 0
    callbacks = session.info.get(_AFTER_COMMIT, {})
    while len(callbacks) > kept:
        callbacks.popitem()


@event.listens_for(db.session, "after_commit")
def _run_callbacks(session: Session) -> None:
    if session.in_nested_transaction():
        return
    for callback in session.info.pop(_AFTER_COMMIT, {}):
        try:
            callback()
        except Exception:
            # What was written stays written; the caller must not be told that it failed.
            log.exception(line("after_commit_failed"))
