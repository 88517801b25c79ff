"""The databases that tests are given, and the settings that lead an app there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests import chosen
from tests.chosen import POSTGRESQL
from tests.postgresql_server import PostgresServer
from webpush_app.config import Settings
from webpush_app.database import db

SECRET_KEY = "a key for tests alone, of more than 32 characters"
MIGRATED = "migrated"  # a PostgreSQL database as the migrations make it, from which others are copied
FOR_ALL_TESTS = "all_tests"  # the one that the tests use one after the other
_LARGE_BYTES = 500_000  # from here on to truncate is cheaper than to delete


@dataclass(frozen=True)
class Database:
    kind: str
    url: str

    @contextmanager
    def elsewhere(self) -> Iterator[Connection]:
        """Another program that uses the same database."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.connect() as connection:
            yield connection

    def rows(self, query: str, **values: object) -> Sequence[Any]:
        """What another program reads there: what is committed."""
        with self.elsewhere() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def write(self, statement: str, *rows: dict[str, object]) -> None:
        """What another program changes there, at once."""
        with self.elsewhere() as connection, connection.begin():
            connection.execute(text(statement), list(rows) or None)

    @contextmanager
    def somebody_writes(self) -> Iterator[None]:
        """Meanwhile nobody else can write, to whatever table; everybody can read."""
        with self.elsewhere() as connection:
            self._shut_others_out(connection)
            yield
            connection.rollback()

    def is_being_written(self) -> bool:
        """Somebody has begun to write, and has not come to the end."""
        with self.elsewhere() as connection:
            try:
                self._shut_others_out(connection, "NOWAIT")
            except OperationalError:
                return True
        return False

    def _shut_others_out(self, connection: Connection, nowait: str = "") -> None:
        tables = ", ".join(table.name for table in db.metadata.sorted_tables)
        if self.kind == POSTGRESQL:
            connection.exec_driver_sql(f"LOCK TABLE {tables} IN EXCLUSIVE MODE {nowait}")
            return
        if nowait:
            connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def database_in(folder: Path) -> Database:
    """The one of the service that has its keys in this folder."""
    url = chosen.address_in(folder)
    return Database(make_url(url).get_backend_name(), url)


class SharedDatabase:
    """One for all tests of a session: to empty it takes 2 ms, and to make a new one 50 ms."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self._make()

    @property
    def url(self) -> str:
        return self.server.url(FOR_ALL_TESTS)

    def empty(self) -> None:
        try:
            self._empty()
        except psycopg.errors.LockNotAvailable:  # a thread of an earlier test has not come to its end
            self.watch.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            self._empty()
        except psycopg.errors.UndefinedTable:  # a test took the tables away
            self.close()
            self._make()

    def close(self) -> None:
        self.watch.close()
        self.server.drop(FOR_ALL_TESTS)

    def _make(self) -> None:
        self.server.create(FOR_ALL_TESTS, MIGRATED)
        self.watch = self.server.connect(FOR_ALL_TESTS)
        # Whose rows belong to whose does not matter where all of them go.
        self.watch.execute("SET session_replication_role = replica; SET lock_timeout = '2s'")
        delete = [f"DELETE FROM {table.name};" for table in db.metadata.sorted_tables]
        sequences = self.watch.execute("SELECT sequencename FROM pg_sequences").fetchall()
        restart = [f"SELECT setval('{name}', 1, false);" for (name,) in sequences]
        self._delete = "".join(delete + restart).encode()

    def _empty(self) -> None:
        large = self.watch.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND relname <> 'alembic_version' AND pg_relation_size(oid) > %s",
            [_LARGE_BYTES],
        )
        for (name,) in large.fetchall():
            self.watch.execute(psycopg.sql.SQL("TRUNCATE {} CASCADE").format(psycopg.sql.Identifier(name)))
        self.watch.execute(self._delete)


class OwnDatabases:
    """Those of services that are started, each with its instance folder, as the migrations make them."""

    def __init__(self, server: PostgresServer, all_folders: Path) -> None:
        self.server = server
        self._all_folders = all_folders
        self._made: list[str] = []
        self._number = 0

    def make(self, template: str = MIGRATED) -> str:
        self._number += 1
        name = f"own_{self._number}"
        self.server.create(name, template)
        self._made.append(name)
        return self.server.url(name)

    def drop_those_in(self, folder: Path) -> None:
        for url in chosen.let_go(folder):
            name = make_url(url).database
            if name in self._made:  # and not the one that all tests use
                self._made.remove(name)
                self.server.drop(name)
        assert not [*folder.rglob("webpush.sqlite3")], "PostgreSQL is chosen, and something used SQLite"

    def close(self) -> None:
        self.drop_those_in(self._all_folders)


def settings_in(folder: Path, **given: object) -> Settings:
    defaults = {"secret_key": SECRET_KEY}
    if "database_url" not in given:
        defaults["database_url"] = chosen.address_in(folder)
    return Settings(instance_path=folder, **(defaults | given))  # type: ignore[arg-type]
