"""What tests of the database need: somebody else who uses it, migrations of their own, and what SQLite was told."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Connection, event

from tests.database.revisions import Migrations
from tests.databases import Database
from webpush_app.database import db


@pytest.fixture
def elsewhere(app: Flask, database: Database) -> Iterator[Connection]:
    """Another program that uses the same database; each statement is committed at once."""
    with database.elsewhere() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


@pytest.fixture
def sqlite_statements(app: Flask) -> list[str]:
    """Everything that SQLite is told from now on, by whatever connection."""
    seen: list[str] = []

    def listen(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_trace_callback(seen.append)

    with app.app_context():
        event.listen(db.engine, "checkout", listen)
    return seen


@pytest.fixture
def migrations(tmp_path: Path) -> Migrations:
    return Migrations(tmp_path / "migrations")
