"""What an error of PostgreSQL means: what passes is told kindly, and nothing that people wrote comes into the log."""

import logging
import socket
import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import Connection, event, insert, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from tests.databases import Database
from tests.people import Browser, People
from webpush_app import clock
from webpush_app.accounts.models import SiteFact
from webpush_app.database import begin_write, db
from webpush_app.errors import DatabaseBusy
from webpush_app.messaging.models import Message

pytestmark = pytest.mark.postgresql_only("these are its own errors")

CANARY = "nobody but the two of us may read this"
NOBODY = 47 * 101


def store(name: str, value: str = "x") -> None:
    db.session.execute(insert(SiteFact).values(name=name, value=value))


def change(name: str) -> None:
    db.session.execute(update(SiteFact).where(SiteFact.name == name).values(value="changed"))


@pytest.fixture
def two_facts(app: Flask) -> None:
    with app.app_context():
        begin_write()
        store("a")
        store("b")
        db.session.commit()


@pytest.mark.usefixtures("two_facts")
def test_of_two_that_wait_for_each_other_one_goes_on_and_one_is_told(app: Flask) -> None:
    both_have_one = threading.Barrier(2, timeout=10)
    told: list[str] = []

    def change_both(first: str, second: str) -> None:
        with app.app_context():
            begin_write()
            change(first)
            both_have_one.wait()
            try:
                change(second)
                db.session.commit()
                told.append("done")
            except DatabaseBusy:
                told.append("busy")

    threads = [threading.Thread(target=change_both, args=names) for names in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(told) == ["busy", "done"]


@pytest.mark.usefixtures("two_facts")
def test_a_serialization_failure_can_be_tried_again(app: Flask, database: Database) -> None:
    with app.app_context():
        begin_write()
        db.session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        assert db.session.get_one(SiteFact, "a").value == "x"
        with database.elsewhere() as connection:
            connection.exec_driver_sql("UPDATE site_facts SET value = 'theirs'")
            connection.commit()
        with pytest.raises(DatabaseBusy):
            change("a")
        begin_write()
        change("a")
        db.session.commit()
    assert database.rows("SELECT value FROM site_facts ORDER BY name") == [("changed",), ("theirs",)]


def test_what_takes_too_long_is_cut_off(app: Flask) -> None:
    with app.app_context():
        db.session.execute(text("SET LOCAL statement_timeout = '50ms'"))
        with pytest.raises(DatabaseBusy):
            db.session.execute(text("SELECT pg_sleep(10)"))


def test_a_connection_that_is_lost_in_the_midst_of_a_write_leaves_nothing(app: Flask, database: Database) -> None:
    with app.app_context():
        begin_write()
        store("a")
        with pytest.raises(DatabaseBusy, match="Nothing was saved"):
            db.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
        db.session.rollback()
        assert database.rows("SELECT * FROM site_facts") == []
        begin_write()
        store("b")
        db.session.commit()
    assert database.rows("SELECT name FROM site_facts") == [("b",)]


def cut(connection: Connection) -> None:
    """As a network does that fails; the server may or may not have heard what was said last."""
    raw = connection.connection.driver_connection
    assert raw is not None
    with socket.socket(fileno=raw.pgconn.socket) as wire:
        wire.shutdown(socket.SHUT_RDWR)
        wire.detach()


def test_where_nobody_can_know_whether_it_was_saved_that_is_said(
    app: Flask, susan: Browser, john: Browser, people: People
) -> None:
    with app.app_context():
        engine = db.engine
    form = "/send_message/susan"
    page = john.get(form).text
    assert "is being saved" not in page
    event.listen(engine, "commit", cut)
    answer = john.send("susan", "Hello!")
    event.remove(engine, "commit", cut)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "look whether it was saved" in answer.text
    assert "Nothing was saved" not in answer.text
    assert people.bodies() == []
    assert john.send("susan", "Hello again!").status_code == 302


@pytest.fixture
def broken_writes(app: Flask, people: People) -> dict[str, Callable[[], object]]:
    susan = people("susan")
    row = {"sender_id": susan, "recipient_id": susan, "body": CANARY, "timestamp": clock.now()}
    return {
        "without a value": lambda: db.session.execute(insert(Message).values(**{**row, "recipient_id": None})),
        "of nobody": lambda: db.session.execute(insert(Message).values(**{**row, "recipient_id": NOBODY})),
        "twice": lambda: db.session.execute(insert(SiteFact), [{"name": CANARY, "value": ""}] * 2),
    }


@pytest.mark.parametrize("name", ["without a value", "of nobody", "twice"])
def test_what_people_wrote_does_not_come_into_the_log_with_an_error(
    app: Flask, broken_writes: dict[str, Callable[[], object]], name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with app.app_context():
        begin_write()
        try:
            broken_writes[name]()
        except IntegrityError:
            logging.getLogger("webpush_app").exception("it failed")
    assert "it failed" in caplog.text
    assert "violates" in caplog.text
    assert CANARY not in caplog.text
    assert str(NOBODY) not in caplog.text


def test_what_is_our_own_mistake_stays_one(app: Flask) -> None:
    with app.app_context(), pytest.raises(ProgrammingError):
        db.session.execute(text("SELECT no_such_column FROM site_facts"))
