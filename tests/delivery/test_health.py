"""Ready is a site whose database answers, whose pushes somebody sends, and where none waits for too long."""

import json
from datetime import timedelta

import pytest
from flask import Flask

from tests.conftest import AppMaker
from tests.delivery.conftest import CONTACT, StandingClock
from tests.delivery.rows import Rows
from webpush_app.database import db
from webpush_app.delivery import health
from webpush_app.delivery.models import Lane, State
from webpush_app.delivery.watch_models import PushWorker
from webpush_app.subscriptions.push_services import Pause
from webpush_app.web.readiness import Check


@pytest.fixture
def rows(app: Flask) -> Rows:
    return Rows(app)


def worker(rows: Rows, clock: StandingClock, *, seen: float = 0, settled: float | None = None) -> None:
    """Seen, and settling, so many seconds ago."""
    at = None if settled is None else (clock.moment - timedelta(seconds=settled)).isoformat()
    row = PushWorker(
        name=f"web:{seen}",
        seen_at=clock.moment - timedelta(seconds=seen),
        counters=json.dumps({"settled_at": at}),
    )
    rows.writing(lambda: db.session.add(row))


def waits(rows: Rows, clock: StandingClock, seconds: float, lane: Lane = Lane.PERSONAL, **values: int) -> None:
    rows.push(State.QUEUED, lane=int(lane), due_at=clock.moment - timedelta(seconds=seconds), **values)


def test_a_database_that_answers_is_well(rows: Rows) -> None:
    assert rows.reading(health.database).is_ok


def test_a_worker_that_is_alive_is_enough(rows: Rows, clock: StandingClock) -> None:
    worker(rows, clock, seen=14)
    assert rows.reading(health.worker) == Check(True, "One is alive.")
    worker(rows, clock, seen=1)
    assert rows.reading(health.worker) == Check(True, "2 alive.")


def test_one_that_was_lost_is_not(rows: Rows, clock: StandingClock) -> None:
    worker(rows, clock, seen=73)
    found = rows.reading(health.worker)
    assert (found.is_ok, found.seconds) == (False, 73)


def test_where_the_site_starts_its_own_it_waits_for_it(rows: Rows) -> None:
    assert rows.reading(health.worker) == Check(False, "None has started yet.")


def test_where_it_does_not_none_is_missed_before_the_first_was_seen(make_app: AppMaker, clock: StandingClock) -> None:
    rows = Rows(make_app(vapid_claim_email=CONTACT, embedded_worker=False))
    found = rows.reading(health.worker)
    assert found.is_ok
    assert "EMBEDDED_WORKER is false" in found.said
    worker(rows, clock, seen=60)
    assert not rows.reading(health.worker).is_ok


def test_a_message_may_wait_for_a_minute(rows: Rows, clock: StandingClock) -> None:
    assert rows.reading(health.oldest_due) == Check(True, "Nothing waits for too long.", 0)
    waits(rows, clock, 60)
    assert rows.reading(health.oldest_due) == Check(True, "Nothing waits for too long.", 60)
    clock.advance(13)
    found = rows.reading(health.oldest_due)
    assert (found.is_ok, found.seconds) == (False, 73)


def test_also_while_the_worker_is_busy_with_others(rows: Rows, clock: StandingClock) -> None:
    worker(rows, clock, settled=1)
    waits(rows, clock, 73)
    assert not rows.reading(health.oldest_due).is_ok


def test_a_broadcast_waits_for_as_long_as_it_takes_while_something_moves(rows: Rows, clock: StandingClock) -> None:
    waits(rows, clock, 1000, Lane.BROADCAST)
    assert not rows.reading(health.oldest_due).is_ok
    worker(rows, clock, settled=61)
    found = rows.reading(health.oldest_due)
    assert (found.is_ok, found.seconds) == (False, 1000)
    worker(rows, clock, seen=1, settled=60)
    assert rows.reading(health.oldest_due) == Check(True, "Nothing waits for too long.", 1000)


def test_what_a_paused_push_service_holds_up_is_not_late(rows: Rows, clock: StandingClock) -> None:
    until = clock.moment + timedelta(minutes=5)
    service = rows.service("fcm.googleapis.com", paused_until=until, paused_because=Pause.BROKEN)
    waits(rows, clock, 500, service_id=service)
    assert rows.reading(health.oldest_due).is_ok


def test_what_waits_for_the_contact_address_takes_the_site_away_from_nobody(
    make_app: AppMaker, clock: StandingClock
) -> None:
    """The admin gives it on a page of this very site."""
    rows = Rows(make_app())
    waits(rows, clock, 5000)
    found = rows.reading(health.oldest_due)
    assert found.is_ok
    assert "contact address" in found.said
