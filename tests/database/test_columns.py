"""Moments know their zone, and an upsert is written in the dialect of the database in use."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import StatementError

from webpush_app.accounts.models import LoginFailure, SiteFact
from webpush_app.database import UtcDateTime, begin_write, db, insert_or_update, upsert

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
DIALECTS: list[Any] = [sqlite.dialect(), postgresql.dialect()]  # type: ignore[no-untyped-call]  # SQLAlchemy's own
by_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=["sqlite", "postgresql"])


@pytest.mark.parametrize("hours", [-12, -3.5, 0, 5.75, 14])
def test_a_moment_of_any_zone_comes_back_as_the_same_moment_in_utc(app: Flask, hours: float) -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=hours)))
    with app.app_context():
        begin_write()
        db.session.add(LoginFailure(account="susan", address="", at=elsewhere))
        db.session.commit()
        found = db.session.scalars(select(LoginFailure.at)).one()
        raw = db.session.connection().exec_driver_sql("SELECT at FROM login_failures").scalar_one()
    assert found == NOON
    assert found.tzinfo is UTC
    assert raw == "2026-03-01 12:00:00.123456"


def test_a_moment_is_compared_as_a_moment(app: Flask) -> None:
    earlier = (NOON - timedelta(minutes=1)).astimezone(timezone(timedelta(hours=9)))
    with app.app_context():
        begin_write()
        db.session.add(LoginFailure(account="susan", address="", at=NOON))
        db.session.commit()
        assert db.session.scalars(select(LoginFailure.id).where(LoginFailure.at > earlier)).all() == [1]


def test_a_moment_without_a_zone_is_refused(app: Flask) -> None:
    with app.app_context():
        begin_write()
        db.session.add(LoginFailure(account="susan", address="", at=NOON.replace(tzinfo=None)))
        with pytest.raises(StatementError, match="without a time zone"):
            db.session.flush()


@by_dialect
def test_no_moment_is_no_moment(dialect: Any) -> None:
    column = UtcDateTime()
    assert column.process_bind_param(None, dialect) is None
    assert column.process_result_value(None, dialect) is None


def test_postgresql_is_given_the_zone_and_answers_in_any() -> None:
    seoul = timezone(timedelta(hours=9))
    column, dialect = UtcDateTime(), DIALECTS[1]
    given = column.process_bind_param(NOON.astimezone(seoul), dialect)
    assert given == NOON
    assert given.tzinfo is UTC
    found = column.process_result_value(NOON.astimezone(seoul), dialect)
    assert found == NOON
    assert found.tzinfo is UTC


@by_dialect
def test_an_upsert_is_written_in_the_databases_own_dialect(dialect: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upsert, "db", SimpleNamespace(engine=SimpleNamespace(dialect=dialect)))
    insert = insert_or_update(SiteFact).values(name="x", value="y")
    replaced = insert.on_conflict_do_update(index_elements=["name"], set_={"value": insert.excluded.value})
    compiled = " ".join(str(replaced.returning(literal(1)).compile(dialect=dialect)).split())
    assert "ON CONFLICT (name) DO UPDATE SET value = excluded.value RETURNING" in compiled


def test_an_upsert_replaces_what_is_there(app: Flask) -> None:
    with app.app_context():
        begin_write()
        for value in ("first", "second"):
            insert = insert_or_update(SiteFact).values(name="x", value=value)
            db.session.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
        db.session.commit()
        assert db.session.scalars(select(SiteFact.value)).all() == ["second"]
