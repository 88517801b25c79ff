"""A person's named state: one row a name, and a clock that only goes forward."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.people import People
from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db
from webpush_app.notifications import service
from webpush_app.notifications.models import Notification
from webpush_app.notifications.news import list_since


def _set(app: Flask, user_id: int, name: str, data: object) -> int:
    with app.app_context():
        begin_write()
        row = service.add_notification(db.session.get_one(User, user_id), name, data)
        timestamp = row.timestamp
        db.session.commit()
        return timestamp


def test_a_name_is_replaced_not_repeated(app: Flask, people: People) -> None:
    susan = people("susan")
    first = _set(app, susan, "unread_message_count", 1)
    second = _set(app, susan, "unread_message_count", {"n": [2, "zwei"]})
    assert second > first
    with app.app_context():
        rows = db.session.scalars(select(Notification)).all()
        assert [(row.name, row.get_data(), row.timestamp) for row in rows] == [
            ("unread_message_count", {"n": [2, "zwei"]}, second)
        ]


def test_people_do_not_share_their_state(app: Flask, people: People) -> None:
    susan, john = people("susan"), people("john")
    _set(app, susan, "mood", "good")
    _set(app, john, "mood", "better")
    with app.app_context():
        assert [row.data for row in list_since(susan, 0)] == ["good"]
        assert [row.data for row in list_since(john, 0)] == ["better"]


def test_timestamps_increase_even_when_the_clock_steps_back(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    susan = people("susan")
    moments = [datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=s) for s in (10, 10, 5, -3600, 11)]
    stamps: list[int] = []
    for moment in moments:
        monkeypatch.setattr(clock, "now", lambda moment=moment: moment)
        stamps.append(_set(app, susan, f"name{len(stamps)}", 0))
    assert stamps == sorted(set(stamps))
    assert stamps[-1] == clock.to_microseconds(moments[-1])
    with app.app_context():
        for known, stamp in enumerate(stamps):
            newer = list_since(susan, stamp)
            assert [row.name for row in newer] == [f"name{n}" for n in range(known + 1, len(stamps))]


def test_racing_upserts_of_one_name_leave_one_row_and_different_timestamps(app: Flask, people: People) -> None:
    susan = people("susan")
    stamps: list[int] = []
    start = threading.Barrier(12)

    def race(number: int) -> None:
        start.wait()
        stamps.append(_set(app, susan, "race", number))

    threads = [threading.Thread(target=race, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(stamps)) == 12
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Notification)) == 1
        assert db.session.scalars(select(Notification)).one().timestamp == max(stamps)


def test_several_peoples_clocks_are_taken_in_the_order_of_their_ids(app: Flask, people: People) -> None:
    ids = [people(name) for name in ("anna", "berta", "clara")]
    with app.app_context():
        begin_write()
        assert list(service.tick([ids[2], ids[0], ids[1], ids[0]])) == ids
        db.session.commit()


@pytest.mark.postgresql_only("SQLite lets one write at a time anyway")
def test_who_ticks_while_another_does_waits_for_the_commit_and_comes_later(app: Flask, people: People) -> None:
    """Else the later timestamp could be there first, and a page that asks in between would never see the other."""
    susan = people("susan")
    second: list[int] = []
    other = threading.Thread(target=lambda: second.append(_set(app, susan, "second", 2)))
    with app.app_context():
        begin_write()
        first = service.tick([susan])[susan]
        other.start()
        other.join(timeout=0.5)
        assert other.is_alive()
        service.put_notification(susan, "first", 1, first)
        db.session.commit()
    other.join(timeout=10)
    assert second[0] > first
    with app.app_context():
        assert [row.name for row in list_since(susan, 0)] == ["first", "second"]
