"""Counting unread messages: by an index that holds nothing else, and right when a message lands during a reading."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import func, insert, inspect, select, text

from tests.people import Browser, People
from tests.statements import listening
from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db
from webpush_app.messaging import service
from webpush_app.messaging.models import Message
from webpush_app.notifications.models import Notification


@pytest.fixture
def ten_thousand_read(app: Flask, people: People) -> int:
    """Susan has read them, and three others she has not; her number."""
    susan, john = people("susan"), people("john")
    now = clock.now()
    row = {"sender_id": john, "recipient_id": susan, "body": "x", "timestamp": now}
    with app.app_context():
        begin_write()
        db.session.execute(insert(Message), [{**row, "read_at": now} for _ in range(10_000)])
        db.session.execute(insert(Message), [{**row, "read_at": None} for _ in range(3)])
        db.session.commit()
    return susan


@pytest.mark.sqlite_only("its own words for a plan")
def test_counting_touches_only_unread_rows_below_ten_thousand_read_ones(app: Flask, ten_thousand_read: int) -> None:
    susan = ten_thousand_read
    with app.app_context():
        with listening(db.engine) as statements:
            assert service.count_unread(susan) == 3
        (question,) = statements
        plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {question}", (susan,)).all()
        (index,) = (
            index for index in inspect(db.engine).get_indexes("messages") if index["name"] == "ix_messages_unread"
        )
        assert str(index["dialect_options"]["sqlite_where"]) == "read_at IS NULL"
    assert [row.detail for row in plan] == ["SEARCH messages USING COVERING INDEX ix_messages_unread (recipient_id=?)"]


@pytest.mark.postgresql_only("its own words for a plan")
def test_so_it_does_on_postgresql(app: Flask, ten_thousand_read: int) -> None:
    susan = ten_thousand_read
    with app.app_context():
        with listening(db.engine) as statements:
            assert service.count_unread(susan) == 3
        (question,) = statements
        db.session.execute(text("ANALYZE messages"))
        connection = db.session.connection()
        plan = connection.exec_driver_sql(f"EXPLAIN ANALYZE {question}", {"recipient_id_1": susan}).scalars().all()
        scans = [line for line in plan if "Scan" in line]
        (index,) = (
            index for index in inspect(db.engine).get_indexes("messages") if index["name"] == "ix_messages_unread"
        )
        assert "read_at IS NULL" in str(index["dialect_options"]["postgresql_where"])
    assert scans
    assert all("ix_messages_unread" in line or "Bitmap Heap Scan" in line for line in scans), plan
    assert all("rows=3" in line for line in scans), plan


def test_fifty_parallel_sends_give_the_exact_count(app: Flask, people: People) -> None:
    susan = people("susan")
    senders = [people(f"sender{n}") for n in range(50)]
    _at_once([partial(people.write, sender, susan, "hello") for sender in senders])
    with app.app_context():
        assert service.count_unread(susan) == 50
        assert _announced(susan) == 50
    assert len(people.bodies()) == 50


def test_messages_that_land_during_readings_are_neither_lost_nor_counted_twice(
    app: Flask, people: People, susan: Browser
) -> None:
    senders = [people(f"sender{n}") for n in range(4)]

    def read() -> None:
        for _ in range(10):
            assert susan.get("/messages").status_code == 200

    writes = [partial(people.write, sender, susan.user_id, *["hello"] * 10) for sender in senders]
    _at_once([*writes, read])
    with app.app_context():
        read_count = db.session.scalar(select(func.count()).where(Message.read_at.is_not(None))) or 0
        unread = service.count_unread(susan.user_id)
        assert read_count + unread == 40
        assert _announced(susan.user_id) == unread


def test_the_tutorials_names_are_there(app: Flask, people: People) -> None:
    susan, john = people("susan"), people("john")
    people.write(john, susan, "first", "second")
    with app.app_context():
        user = db.session.get_one(User, susan)
        assert user.new_messages() == 2
        received = db.session.scalars(user.messages_received.select().order_by(Message.id)).all()
        assert [message.body for message in received] == ["first", "second"]
        assert received[0].author.username == "john"
        assert received[0].recipient is user
        assert db.session.scalars(received[0].author.messages_sent.select()).all() == received
        assert user.last_message_read_time is None


def test_a_script_writes_with_the_models_alone(app: Flask) -> None:
    """As the tutorials do in `flask shell`."""
    with app.app_context():
        susan, john = User(username="Susan"), User(username="john")
        susan.set_password("cat and dog")
        john.set_password("dog and cat")
        db.session.add_all([susan, john])
        db.session.add(Message(author=john, recipient=susan, body="Hello"))
        db.session.commit()
        susan.add_notification("unread_message_count", susan.new_messages())
        db.session.commit()
        assert susan.check_password("cat and dog")
        assert not susan.check_password("dog and cat")
        assert _announced(susan.id) == 1


def _announced(user_id: int) -> int:
    query = select(Notification).where(Notification.user_id == user_id, Notification.name == "unread_message_count")
    count: int = db.session.scalars(query).one().get_data()
    return count


def _at_once(jobs: list[Callable[[], None]]) -> None:
    failures: list[BaseException] = []
    start = threading.Barrier(len(jobs))

    def run(job: Callable[[], None]) -> None:
        start.wait()
        try:
            job()
        except BaseException as failure:  # noqa: BLE001 - handed to the test
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        pytest.fail(f"{len(failures)} failed, first: {failures[0]!r}")
