"""Who can do everything again does not wait for the disk; everybody else does."""

from flask import Flask

from webpush_app import database
from webpush_app.database import db

ASKED = {"sqlite": "PRAGMA synchronous", "postgresql": "SHOW synchronous_commit"}
WAITS = {"sqlite": 2, "postgresql": "off"}  # SQLite's FULL; the tests' own PostgreSQL waits for no disk at all
DOES_NOT = {"sqlite": 1, "postgresql": "off"}  # SQLite's NORMAL


def asked(app: Flask) -> object:
    with app.app_context(), db.engine.connect() as connection:
        return connection.exec_driver_sql(ASKED[db.engine.dialect.name]).scalar_one()


def test_it_is_for_those_alone_who_say_so(app: Flask) -> None:
    with app.app_context():
        kind = db.engine.dialect.name
        assert asked(app) == WAITS[kind]
        database.leave_the_disk_its_time()
    assert asked(app) == DOES_NOT[kind]
