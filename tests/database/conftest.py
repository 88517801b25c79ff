"""What tests of the database need: somebody else who uses the same file, and what SQLite was told."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event

from tests.database.revisions import Migrations
from webpush_app.database import db


@pytest.fixture
def elsewhere(app: Flask, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another program that has the same database open."""
    connection = sqlite3.connect(tmp_path / "webpush.sqlite3", isolation_level=None, timeout=0)
    yield connection
    connection.close()


@pytest.fixture
def statements(app: Flask) -> list[str]:
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
