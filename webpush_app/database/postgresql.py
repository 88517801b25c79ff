"""All that is special about PostgreSQL: how it is opened, how long anything may wait, and what its errors mean.

The driver is imported by SQLAlchemy alone: it is installed only where PostgreSQL is used. Under gevent it waits
cooperatively by itself, because it is loaded after gevent has patched what it waits with. Errors are told apart by
their SQLSTATE, because their words are in the server's language.
"""

import logging
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from flask import has_request_context
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, text
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool, PoolProxiedConnection

from webpush_app.database import busy
from webpush_app.errors import DatabaseBusy, StartError

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 5.0  # for a place in the pool, and for a server that is just being started again

# Each can be given otherwise in the address: `postgresql://…/name?connect_timeout=20`.
_CONNECTING: dict[str, Any] = {
    "application_name": "webpush",
    "client_encoding": "utf8",
    "connect_timeout": 5,
    # A server that vanished without a word is given up after half a minute, and not after a quarter of an hour.
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "options": " ".join(
        f"-c {name}={value}"
        for name, value in {
            "timezone": "UTC",
            "lock_timeout": "5s",
            "statement_timeout": "30s",
            # A process that stopped in the midst of a transaction holds its rows no longer than this.
            "idle_in_transaction_session_timeout": "300s",
        }.items()
    ),
}

# Nothing is wrong with what was asked: it can be asked again. The first two characters are a class of errors.
_PASSING = {
    "08": "the connection broke",
    "25006": "a standby, until another server takes over",
    "25P03": "idle for too long within a transaction",
    "40": "serialization failures and deadlocks",
    "53": "no connections, memory or disk left",
    "55P03": "a lock was not given in time",
    "57": "cancelled by a timeout, or the server is being stopped or started",
}
_AMONG_OURSELVES = ("40", "55")  # nothing an operator has to know of
_COMMITTING = "webpush_is_committing"
_BESIDE_OTHERS = text("SELECT pg_advisory_xact_lock_shared(hashtext(:name))")
_ALONE = text("SELECT pg_advisory_xact_lock(hashtext(:name))")
# The execution options of who reads one moment of the whole database.
ONE_MOMENT: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_LAST_ID = text("SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, :column)::regclass)")
_GIVE_AFTER = text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)")


# SQLAlchemy names the pool's log after its class: what it notes is of interest to nobody who asked for our own notes.
logging.getLogger(f"{__name__}.Pool").setLevel(logging.WARNING)


class Pool(QueuePool):
    """Who finds no connection free in time is told so as kindly as on SQLite."""

    def connect(self) -> PoolProxiedConnection:
        try:
            return super().connect()
        except PoolTimeout as error:
            raise busy.nothing_saved() from error


def engine_options(url: URL) -> dict[str, Any]:
    return {
        "poolclass": Pool,
        "pool_size": 10,
        "max_overflow": 20,
        "pool_timeout": PATIENCE_SECONDS,
        "pool_pre_ping": True,
        "connect_args": _connecting(url),
    }


def prepare(engine: Engine) -> None:
    event.listen(engine, "do_connect", _Door().open)
    event.listen(engine, "begin", _note_begin)
    event.listen(engine, "commit", _note_commit)
    event.listen(engine, "handle_error", _explain)
    engine.dialect.do_rollback = partial(_undo, engine.dialect.do_rollback)  # type: ignore[method-assign]


def leave_the_disk_its_time(engine: Engine) -> None:
    event.listen(engine, "connect", _do_not_wait_for_the_disk)


def check(database_url: str, given_as: str) -> None:
    """At the start: what is wrong with the address, the server or the database is said at once, in one line."""
    url = make_url(database_url)
    try:
        engine = create_engine(url, poolclass=NullPool, connect_args=_connecting(url))
        with engine.connect() as connection:
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    except ImportError:
        raise StartError(
            f"PostgreSQL is asked for by {given_as}, and the packages for it are not installed. Run: make scale"
        ) from None
    except DBAPIError as error:
        why = _without_password(_first_line(error.orig), url)
        why = why.removeprefix("connection failed: ").removeprefix("connection is bad: ")
        raise StartError(
            f"The database cannot be used: {why}. Mend it, or correct {given_as}, and start again."
        ) from None
    if encoding != "UTF8":
        raise StartError(
            f"The database is kept in {encoding}, which has no room for every language. Make one in UTF8: "
            "createdb --template=template0 --encoding=UTF8 NAME"
        )


def wait_for_nobody(connection: Connection) -> None:
    """Until the end of this transaction. Elsewhere it does nothing: SQLite's writers are told as they begin."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = '1ms'")


def migrate_alone(connection: Connection) -> None:
    """Also when several machines start at once; and a migration takes the time it needs."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('webpush migrations'))")


def take_the_time_it_needs(connection: Connection) -> None:
    """Until the end of this transaction, which reads or writes everything."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def keep_writers_out(connection: Connection, tables: Sequence[str]) -> None:
    """Until the end of this transaction; SQLite's writers are alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")


def last_id(connection: Connection, table: str, column: str) -> int:
    """The last one that was given, or 0. Sequences are not part of any moment: it may be a newer one."""
    last = connection.execute(_LAST_ID, {"table": table, "column": column}).scalar_one()
    return int(last or 0)


def give_ids_after(connection: Connection, table: str, column: str, last: int) -> None:
    connection.execute(_GIVE_AFTER, {"table": table, "column": column, "last": last})


def take_turn(connection: Connection, name: str, *, alone: bool) -> None:
    """Until the end of the transaction. On SQLite who writes is alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(_ALONE if alone else _BESIDE_OTHERS, {"name": name})


def _connecting(url: URL) -> dict[str, Any]:
    return {name: value for name, value in _CONNECTING.items() if name not in url.query}


class _Door:
    """A server that is just being started again is waited for: nobody's request has begun to write yet. Once that was
    in vain people are told at once, until it lets somebody in; a worker has nothing better to do than to wait."""

    _is_shut = False

    def open(self, dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                connection = dialect.connect(*arguments, **options)
            except dialect.loaded_dbapi.OperationalError:
                self._is_shut |= (is_over := time.monotonic() >= deadline)
                if is_over or (self._is_shut and has_request_context()):
                    raise
            else:
                self._is_shut = False
                return connection
            time.sleep(random.uniform(0.1, 0.4))  # noqa: S311 - not a secret; spreads those who wait


def _undo(undo: Callable[[Any], None], connection: Any) -> None:
    """Where the connection is lost, so is what was to be undone: a request that has its answer gives that."""
    try:
        undo(connection)
    except Exception:
        if not connection.closed:
            raise


def _note_begin(connection: Connection) -> None:
    connection.info[_COMMITTING] = False


def _note_commit(connection: Connection) -> None:
    connection.info[_COMMITTING] = True


def _explain(context: ExceptionContext) -> DatabaseBusy | None:
    original, wrapped = context.original_exception, context.sqlalchemy_exception
    if context.is_pre_ping or not isinstance(wrapped, DBAPIError):
        return None
    state = getattr(original, "sqlstate", None) or ""
    _keep_rows_out(original, wrapped)
    is_lost = context.is_disconnect or context.connection is None
    if not is_lost and state not in _PASSING and state[:2] not in _PASSING:
        return None
    log.log(logging.INFO if state[:2] in _AMONG_OURSELVES else logging.WARNING, "PostgreSQL: %s", _first_line(original))
    was_committing = context.connection is not None and context.connection.info.get(_COMMITTING)
    if was_committing and (not state or state.startswith("08")):
        return busy.perhaps_saved()
    return busy.nothing_saved()


def _keep_rows_out(original: BaseException, wrapped: DBAPIError) -> None:
    """Beneath its first line the server quotes the row in question: what people wrote must not come into the log."""
    original.args = (_first_line(original), *original.args[1:])
    wrapped.args = (f"({type(original).__name__}) {_first_line(original)}",)


def _first_line(error: BaseException | None) -> str:
    return (str(error).strip().splitlines() or [""])[0]


def _without_password(text: str, url: URL) -> str:
    return text.replace(url.password, "***") if url.password else text


def _do_not_wait_for_the_disk(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    connection.commit()
