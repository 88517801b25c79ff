"""Moments know their zone, and an upsert replaces what is there."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import StatementError

from tests.chosen import POSTGRESQL, SQLITE
from tests.databases import Database
from tests.people import People
from webpush_app.accounts.models import LoginFailure, SiteFact, User
from webpush_app.database import begin_write, db, insert_or_update

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize("hours", [-12, -3.5, 0, 5.75, 14])
def test_a_moment_of_any_zone_comes_back_as_the_same_moment_in_utc(
    app: Flask, database: Database, hours: float
) -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=hours)))
    with app.app_context():
        begin_write()
        db.session.add(LoginFailure(account="susan", address="", at=elsewhere))
        db.session.commit()
        found = db.session.scalars(select(LoginFailure.at)).one()
        raw = db.session.connection().exec_driver_sql("SELECT at FROM login_failures").scalar_one()
    assert found == NOON
    assert found.tzinfo is UTC
    assert raw == {SQLITE: "2026-03-01 12:00:00.123456", POSTGRESQL: NOON}[database.kind]


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


def test_no_moment_is_no_moment(app: Flask, people: People) -> None:
    susan = people("susan")
    with app.app_context():
        begin_write()
        db.session.get_one(User, susan).last_seen = None
        db.session.commit()
        assert db.session.scalars(select(User.last_seen)).all() == [None]


@pytest.mark.postgresql_only("SQLite keeps no zone")
def test_postgresql_is_given_the_zone_and_answers_in_any(app: Flask) -> None:
    with app.app_context():
        begin_write()
        db.session.execute(text("SET LOCAL timezone = 'Asia/Seoul'"))
        db.session.add(LoginFailure(account="susan", address="", at=NOON))
        db.session.flush()
        raw = db.session.connection().exec_driver_sql("SELECT at, at::text FROM login_failures").one()
        assert raw == (NOON, "2026-03-01 21:00:00.123456+09")
        found = db.session.scalars(select(LoginFailure.at)).one()
    assert found == NOON
    assert found.tzinfo is UTC


def test_an_upsert_replaces_what_is_there(app: Flask) -> None:
    with app.app_context():
        begin_write()
        for value in ("first", "second"):
            insert = insert_or_update(SiteFact).values(name="x", value=value)
            db.session.execute(insert.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
        db.session.commit()
        assert db.session.scalars(select(SiteFact.value)).all() == ["second"]
