"""The outbox: what a message leaves there, in the same transaction, and who is woken for it and when."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from tests.delivery.outgoing import Outgoing
from tests.people import Browser, People
from tests.statements import listening
from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db
from webpush_app.delivery import outbox
from webpush_app.delivery.models import Lane, Push, State
from webpush_app.messaging import service as messaging
from webpush_app.subscriptions.models import Off, PushSubscription

BODY = "Dinner at eight?"


@pytest.fixture
def ids(people: People) -> tuple[int, int]:
    return people("john"), people("susan")


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """Each time somebody was told that pushes are due: how many rows everybody could read by then."""
    counts: list[int] = []

    def note(_sender: object) -> None:
        with db.engine.connect() as elsewhere:
            counts.append(elsewhere.scalar(select(func.count()).select_from(Push)) or 0)

    with outbox.pushes_due.connected_to(note):
        yield counts


def send(author_id: int, recipient_id: int) -> None:
    begin_write()
    messaging.send_message(db.session.get_one(User, author_id), db.session.get_one(User, recipient_id), BODY)


def test_a_message_that_is_rolled_back_leaves_no_push(
    app: Flask, people: People, outgoing: Outgoing, ids: tuple[int, int], heard: list[int]
) -> None:
    outgoing.device(ids[1])
    with app.app_context():
        send(*ids)
        assert db.session.scalar(select(func.count()).select_from(Push)) == 1
        db.session.rollback()
    assert (people.bodies(), outgoing.rows(), heard) == ([], [], [])


def test_a_push_that_cannot_be_stored_takes_its_message_with_it(
    app: Flask, people: People, outgoing: Outgoing, ids: tuple[int, int], heard: list[int]
) -> None:
    """For one browser there is at most one row about one message: here it is there already."""
    device = outgoing.device(ids[1])
    outgoing.fill(1, subscription_id=device.id)
    with app.app_context():
        with pytest.raises(IntegrityError):
            send(*ids)
        db.session.rollback()
    assert people.bodies() == []
    assert (len(outgoing.rows()), heard) == (1, [])


def test_there_is_a_row_for_each_browser_of_the_recipient_that_is_on(
    people: People, outgoing: Outgoing, ids: tuple[int, int]
) -> None:
    john, susan = ids
    first, off, second = (outgoing.device(susan) for _ in range(3))
    outgoing.change_device(off, off_at=clock.now(), off_because=Off.SIGNED_OUT)
    outgoing.device(john)
    outgoing.device(people("david"))
    outgoing.device(None)
    people.write(john, susan, BODY)
    rows = outgoing.rows()
    assert {row.subscription_id for row in rows} == {first.id, second.id}
    assert len(rows) == 2
    for row in rows:
        assert (row.kind, row.subject_id, row.recipient_id, row.lane) == ("message", 1, susan, Lane.PERSONAL)
        assert (row.state, row.attempts, row.lease_token, row.answered_at) == (State.QUEUED, 0, None, None)
        assert row.due_at == row.created_at
        assert row.expires_at - row.created_at == timedelta(hours=24)


def test_no_row_holds_a_word_of_the_text_or_a_name(
    app: Flask, people: People, outgoing: Outgoing, ids: tuple[int, int]
) -> None:
    outgoing.device(ids[1])
    people.write(*ids, BODY)
    with app.app_context():
        stored = " ".join(map(str, db.session.execute(text("SELECT * FROM pushes")).one()))
    for secret in ("Dinner", "john", "susan"):
        assert secret not in stored


def test_sending_to_twenty_browsers_takes_as_many_statements_as_to_one(
    app: Flask, outgoing: Outgoing, people: People, ids: tuple[int, int]
) -> None:
    john, susan = ids
    david = people("david")
    outgoing.device(susan)
    for _ in range(20):
        outgoing.device(david)
    asked = []
    with app.app_context():
        for recipient in (susan, david):
            with listening(db.engine) as statements:
                send(john, recipient)
            db.session.commit()
            asked.append(statements)
    assert len(outgoing.rows()) == 21
    assert asked[0] == asked[1]
    assert sum("INSERT INTO pushes" in statement for statement in asked[0]) == 1


def test_the_worker_is_woken_after_the_commit_when_the_rows_can_be_read(
    app: Flask, outgoing: Outgoing, ids: tuple[int, int], heard: list[int]
) -> None:
    outgoing.device(ids[1])
    outgoing.device(ids[1])
    with app.app_context():
        send(*ids)
        assert heard == []
        db.session.commit()
    assert heard == [2]


def test_nobody_is_woken_where_there_is_nothing_to_send(
    app: Flask, people: People, outgoing: Outgoing, ids: tuple[int, int], heard: list[int]
) -> None:
    outgoing.device(ids[0])  # the sender's own
    with app.app_context():
        send(*ids)
        db.session.commit()
    assert (people.bodies(), outgoing.rows(), heard) == ([BODY], [], [])


def test_both_forms_for_a_message_leave_pushes(outgoing: Outgoing, susan: Browser, john: Browser) -> None:
    outgoing.device(susan.user_id)
    assert john.send("susan", BODY).status_code == 302
    answer = john.submit("/messages/with/susan", {"message": "Or at nine?"})
    assert answer.status_code == 302
    assert [(row.kind, row.subject_id) for row in outgoing.rows()] == [("message", 1), ("message", 2)]


def test_a_broadcast_is_for_whoever_sits_there_and_is_counted(
    app: Flask, outgoing: Outgoing, ids: tuple[int, int], heard: list[int]
) -> None:
    devices = [outgoing.device(ids[0]), outgoing.device(None)]
    off = outgoing.device(ids[1])
    outgoing.change_device(off, off_at=clock.now(), off_because=Off.GONE)
    expires_at = clock.now() + timedelta(hours=1)
    with app.app_context():
        begin_write()
        written = outbox.enqueue_for_many("news", 7, select(PushSubscription.id), expires_at=expires_at)
        db.session.commit()
        assert outbox.read_tally("news", 7)[State.QUEUED] == written == 2
    rows = outgoing.rows()
    assert [row.subscription_id for row in rows] == [device.id for device in devices]
    assert {(row.lane, row.recipient_id) for row in rows} == {(Lane.BROADCAST, None)}
    assert all(abs(row.expires_at - expires_at) < timedelta(seconds=1) for row in rows)
    assert heard == [2]
