"""What must happen after a write happens once it is safe, once, and cannot undo it."""

import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from webpush_app.accounts.models import SiteFact
from webpush_app.database import after_commit, begin_write, db


@pytest.fixture(autouse=True)
def _in_a_request(app: Flask) -> Iterator[None]:
    with app.test_request_context():
        yield


def store(name: str) -> None:
    db.session.add(SiteFact(name=name, value="x"))
    db.session.flush()


def count_facts() -> int:
    return db.session.scalar(select(func.count()).select_from(SiteFact)) or 0


def test_it_runs_once_and_only_after_the_commit() -> None:
    ran: list[str] = []
    begin_write()
    after_commit(lambda: ran.append("first"))
    after_commit(lambda: ran.append("second"))
    store("a")
    assert ran == []
    db.session.commit()
    assert ran == ["first", "second"]
    begin_write()
    store("b")
    db.session.commit()
    assert ran == ["first", "second"]


def test_when_it_runs_others_can_already_read_what_was_written(app: Flask) -> None:
    seen: list[int] = []

    def look() -> None:
        with app.app_context(), db.engine.connect() as connection:
            seen.append(connection.scalar(select(func.count()).select_from(SiteFact)) or 0)

    begin_write()
    after_commit(look)
    store("a")
    db.session.commit()
    assert seen == [1]


def test_it_does_not_run_after_a_rollback() -> None:
    ran: list[str] = []
    begin_write()
    store("a")
    after_commit(lambda: ran.append("never"))
    db.session.rollback()
    begin_write()
    store("b")
    db.session.commit()
    assert ran == []


def test_it_does_not_run_when_begin_write_starts_anew() -> None:
    ran: list[str] = []
    begin_write()
    after_commit(lambda: ran.append("never"))
    begin_write()
    store("a")
    db.session.commit()
    assert ran == []


def test_a_released_savepoint_is_not_a_commit() -> None:
    ran: list[str] = []
    begin_write()
    with db.session.begin_nested():
        store("a")
        after_commit(lambda: ran.append("once"))
    assert ran == []
    db.session.commit()
    assert ran == ["once"]


def test_a_savepoint_that_is_rolled_back_takes_only_its_own_callbacks_with_it() -> None:
    ran: list[str] = []
    begin_write()
    store("a")
    after_commit(lambda: ran.append("outer"))
    savepoint = db.session.begin_nested()
    store("b")
    after_commit(lambda: ran.append("inner"))
    savepoint.rollback()
    db.session.commit()
    assert count_facts() == 1
    assert ran == ["outer"]


def test_one_that_fails_is_logged_and_the_others_still_run(caplog: pytest.LogCaptureFixture) -> None:
    ran: list[str] = []

    def fail() -> None:
        raise OSError("nobody listens")

    begin_write()
    after_commit(fail)
    after_commit(lambda: ran.append("later"))
    store("a")
    with caplog.at_level(logging.ERROR):
        db.session.commit()
    assert ran == ["later"]
    assert "nobody listens" in caplog.text
    assert count_facts() == 1
