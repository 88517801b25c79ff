"""Who waits for whom on PostgreSQL: a person's row and browsers first, then the turn among all clocks, then the clocks.

To write what belongs to a person or a session asks for a lock of their row too: it is given beside those that are taken
here.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import text

from tests.accounts.steps import NEW_PASSWORD
from tests.databases import Database
from tests.people import PASSWORD, Browser, People
from tests.subscriptions.devices import Device, post
from webpush_app.database import begin_write, db
from webpush_app.messaging.models import Message
from webpush_app.notifications.models import Presence
from webpush_app.notifications.service import CLOCKS, tick

pytestmark = pytest.mark.postgresql_only("on SQLite one at a time writes")

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
SOON_SECONDS = 20.0


def wait_until_somebody_waits(database: Database, number: int = 1) -> None:
    deadline = time.monotonic() + SOON_SECONDS
    while database.rows(WAITING)[0][0] < number:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def beside() -> Iterator[Callable[[Callable[[], int]], "Future[int]"]]:
    with ThreadPoolExecutor(4) as pool:
        yield pool.submit


def change_password(susan: Browser) -> int:
    fields = {"old_password": PASSWORD, "password": NEW_PASSWORD, "password2": NEW_PASSWORD}
    return susan.submit("/change_password", fields).status_code


def test_a_change_of_password_and_what_is_written_in_that_session_do_not_wait_for_each_other(
    app: Flask, susan: Browser, database: Database
) -> None:
    with beside() as submit, app.app_context():
        begin_write()
        session_id = db.session.execute(text("SELECT id FROM login_sessions FOR KEY SHARE")).scalar_one()
        changing = submit(lambda: change_password(susan))
        wait_until_somebody_waits(database)  # it has the person, and waits for the session
        db.session.add(Message(sender_id=susan.user_id, recipient_id=susan.user_id, body="to myself"))
        db.session.add(Presence(login_session_id=session_id, place="inbox:0", user_id=susan.user_id, until=_now()))
        db.session.commit()
        assert changing.result() == 302


def _now() -> object:
    return db.session.execute(text("SELECT now()")).scalar_one()


SAYS: dict[str, Callable[[Browser], int]] = {
    "subscribes": lambda susan: post(susan.client, Device().to_json()).status_code,
    "chooses a language": lambda susan: susan.submit("/edit_profile", {"about_me": "", "locale": "es"}).status_code,
    "reads": lambda susan: susan.get("/messages").status_code,
}


@pytest.mark.parametrize("what", SAYS)
def test_who_stands_behind_a_broadcast_is_in_nobodys_way(
    app: Flask, people: People, susan: Browser, database: Database, what: str
) -> None:
    """Somebody who holds a clock goes on to write what belongs to a person; a broadcast waits for that one, and the
    person for the broadcast, with their own row locked."""
    john = people("john")
    with beside() as submit, app.app_context():
        begin_write()
        tick([john])
        publishing = submit(lambda: _publish(database))
        wait_until_somebody_waits(database)
        doing = submit(lambda: SAYS[what](susan))
        wait_until_somebody_waits(database, 2)
        db.session.add(Message(sender_id=susan.user_id, recipient_id=john, body="hello"))
        db.session.commit()
        assert publishing.result() == 1
        assert doing.result() in (200, 201, 302)


def _publish(database: Database) -> int:
    with database.elsewhere() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": CLOCKS})
        connection.rollback()
    return 1
