"""A furnished site, the command that copies it, and what stands in both databases."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.engine import make_url

from tests.conftest import AppMaker
from tests.databases import MIGRATED
from tests.moving.furnished import furnish
from tests.people import People
from webpush_app.database import db, open_another

CONTACT = "mailto:ops@example.com"

Copy = Callable[..., Result]
PeopleAt = Callable[[str], People]


@pytest.fixture
def app(make_app: AppMaker) -> Flask:
    return make_app(vapid_claim_email=CONTACT)


@pytest.fixture
def site(app: Flask, people: People) -> Flask:
    furnish(app, people)
    return app


@pytest.fixture
def copy(app: Flask) -> Copy:
    """`flask data copy --to …`"""
    return lambda address, *more: app.test_cli_runner().invoke(args=["data", "copy", "--to", address, *more])


@pytest.fixture
def people_at(make_app: AppMaker, password_hash: str) -> PeopleAt:
    """The cast of an app that uses the database at this address, with the same keys."""
    return lambda address: People(make_app(database_url=address, vapid_claim_email=CONTACT), password_hash)


@pytest.fixture
def target(new_postgresql: Callable[..., str]) -> str:
    """Another database, without a table."""
    return new_postgresql()


@pytest.fixture
def with_tables(new_postgresql: Callable[..., str], migrated_postgresql: str) -> str:
    """Another one, as the migrations make it."""
    return new_postgresql(MIGRATED)


def rows(address: str) -> dict[str, list[str]]:
    """Everything that stands there, as Python sees it."""
    engine = open_another(address)
    with engine.connect() as connection:
        tables = {
            each.name: sorted(repr(tuple(row)) for row in connection.execute(select(each)))
            for each in db.metadata.sorted_tables
        }
    engine.dispose()
    return tables


def is_empty(address: str) -> bool:
    return not any(rows(address).values())


def connected(address: str) -> psycopg.Connection[Any]:
    url = make_url(address)
    return psycopg.connect(
        host=str(url.query["host"]),
        port=int(str(url.query["port"])),
        user="postgres",
        dbname=url.database,
        autocommit=True,
    )


def on_insert(address: str, table: str, act: str) -> None:
    """From now on the database itself does this before each row."""
    with connected(address) as connection:
        connection.execute(
            f"CREATE FUNCTION act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {act}; RETURN NEW; END $$"
        )
        connection.execute(f"CREATE TRIGGER act BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION act()")
