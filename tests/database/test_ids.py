"""Many ids are one parameter: the statement stays the same, and so does what it finds."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import event, select, text, update

from tests.chosen import SQLITE
from tests.databases import Database
from webpush_app.accounts.models import LoginFailure
from webpush_app.database import among, begin_write, db

TABLE = LoginFailure.__table__
FOUND = select(TABLE.c.id).where(among(TABLE.c.id, "ids")).order_by(TABLE.c.id)


@pytest.fixture
def ids(app: Flask) -> list[int]:
    rows = [LoginFailure(account=str(number), address="", at=datetime.now(UTC)) for number in range(20)]
    with app.app_context():
        begin_write()
        db.session.add_all(rows)
        db.session.commit()
        return [row.id for row in rows]


def test_those_are_found_and_no_others(app: Flask, ids: list[int]) -> None:
    with app.app_context():
        for wanted in ([], ids[:1], ids[3:9], [*ids, 10**12]):
            assert db.session.scalars(FOUND, {"ids": wanted}).all() == [one for one in wanted if one in ids]


def test_thirty_thousand_are_not_too_many(app: Flask, ids: list[int]) -> None:
    with app.app_context():
        assert db.session.scalars(FOUND, {"ids": range(30_000)}).all() == ids


def test_the_statement_is_the_same_however_many(app: Flask, ids: list[int]) -> None:
    seen = set[str]()
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *given: seen.add(given[2]))
        for number in (0, 1, 20):
            db.session.execute(FOUND, {"ids": ids[:number]})
    assert len(seen) == 1


def test_it_goes_with_other_conditions_and_changes_rows_too(app: Flask, ids: list[int]) -> None:
    change = update(LoginFailure).where(among(TABLE.c.id, "ids"), TABLE.c.account != "3").values(address="changed")
    with app.app_context():
        begin_write()
        db.session.connection().execute(change, {"ids": ids[2:5]})
        changed = db.session.scalars(select(TABLE.c.account).where(TABLE.c.address == "changed").order_by(TABLE.c.id))
        assert changed.all() == ["2", "4"]
        db.session.rollback()


def test_rows_are_found_by_their_key_and_not_by_reading_the_table(app: Flask, database: Database) -> None:
    with app.app_context():
        begin_write()
        if database.kind != SQLITE:
            db.session.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN " if database.kind == SQLITE else "EXPLAIN "
        query = str(FOUND.compile(db.engine, compile_kwargs={"literal_binds": False}))
        given = ("[1]",) if database.kind == SQLITE else {"ids": [1]}
        plan = db.session.connection().exec_driver_sql(explain + query, given).all()
        db.session.rollback()
    words = " ".join(str(row) for row in plan)
    assert "SEARCH login_failures USING INTEGER PRIMARY KEY" in words or "pk_login_failures" in words
