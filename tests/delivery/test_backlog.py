"""How much waits is what the rows say, and how long is told for each push service, without counting broadcasts."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from flask import Flask

from tests.delivery.conftest import StandingClock
from tests.delivery.rows import MOZILLA, Rows
from tests.statements import listening
from webpush_app.database import db
from webpush_app.delivery import backlog
from webpush_app.delivery.models import FINAL, WAITING, Lane, Push, State
from webpush_app.subscriptions.push_services import Pause

GOOGLE = "fcm.googleapis.com"


@pytest.fixture
def rows(app: Flask) -> Rows:
    return Rows(app)


def counted(rows: Rows) -> dict[tuple[Lane, State], int]:
    """By looking at every row."""
    found = Counter((Lane(row.lane), State(row.state)) for row in rows.all(Push) if row.state in WAITING)
    return {(lane, state): found[lane, state] for lane in Lane for state in (State.QUEUED, State.SENDING)}


def test_an_empty_outbox_has_no_depth(rows: Rows) -> None:
    assert set(rows.reading(backlog.depth).values()) == {0}


def test_the_depth_is_what_the_rows_say(rows: Rows) -> None:
    choice = random.Random(4)
    for subject in range(1, 4):
        of_broadcast = [choice.choice(list(State)) for _number in range(40)]
        for state in of_broadcast:
            rows.push(state, kind="broadcast", lane=int(Lane.BROADCAST))
        rows.tally(subject, (State.QUEUED, 25), (State.QUEUED, 15))
        ended = Counter(state for state in of_broadcast if state in FINAL)
        for state, number in ended.items():
            rows.tally(subject, (state, number - 1), (state, 1))
    for state in State:
        rows.push(state, number=choice.randrange(1, 9))
    assert rows.reading(backlog.depth) == counted(rows)
    assert min(counted(rows).values()) > 0


def test_what_is_sent_again_counts_as_waiting(rows: Rows) -> None:
    """A dead letter that is put back takes its line out of the tally."""
    rows.push(State.QUEUED, 3, kind="broadcast", lane=int(Lane.BROADCAST))
    rows.tally(1, (State.QUEUED, 3), (State.FAILED, 2), (State.FAILED, -2))
    assert rows.reading(backlog.depth)[Lane.BROADCAST, State.QUEUED] == 3


def test_personal_pushes_are_counted_up_to_a_limit(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "COUNTED_UP_TO", 5)
    rows.push(State.QUEUED, 9)
    assert rows.reading(backlog.depth)[Lane.PERSONAL, State.QUEUED] == 5


def test_no_row_of_a_broadcast_is_counted(app: Flask, rows: Rows) -> None:
    with app.app_context(), listening(db.engine) as statements:
        backlog.depth()
    asked = [statement for statement in statements if "pushes" in statement]
    assert len(asked) == 3
    assert all("LIMIT" in statement for statement in asked)


def test_the_oldest_due_row_is_told_for_each_push_service_and_lane(rows: Rows, clock: StandingClock) -> None:
    mozilla, google = rows.service(MOZILLA), rows.service(GOOGLE)
    now = clock.moment
    for seconds in (50, 70, -10):
        rows.push(service_id=mozilla, due_at=now - timedelta(seconds=seconds))
    rows.push(service_id=google, lane=int(Lane.BROADCAST), due_at=now - timedelta(seconds=90))
    rows.push(State.ACCEPTED, service_id=google)
    found = {one.host: one.due_at for one in rows.reading(backlog.list_waited)}
    assert found == {
        MOZILLA: {Lane.PERSONAL: now - timedelta(seconds=70), Lane.BROADCAST: None},
        GOOGLE: {Lane.PERSONAL: None, Lane.BROADCAST: now - timedelta(seconds=90)},
    }


def test_a_row_whose_worker_was_lost_is_due_when_its_lease_has_ended(rows: Rows, clock: StandingClock) -> None:
    rows.push(State.SENDING, due_at=clock.moment + timedelta(seconds=1))
    assert rows.reading(backlog.list_waited)[0].due_at[Lane.PERSONAL] is None
    clock.advance(3)
    [one] = rows.reading(backlog.list_waited)
    assert one.due_at[Lane.PERSONAL] == clock.moment - timedelta(seconds=2)


@pytest.mark.parametrize(
    ("values", "is_spared"),
    [
        ({}, False),
        ({"paused_until": 60, "paused_because": Pause.BROKEN}, True),
        ({"paused_until": -60, "paused_because": Pause.BROKEN}, True),  # it is being tried
        ({"paused_until": -60}, False),
        ({"careful_until": 60}, True),
        ({"careful_until": -60}, False),
    ],
)
def test_what_a_spared_push_service_holds_up_does_not_count(
    rows: Rows, clock: StandingClock, values: dict[str, object], is_spared: bool
) -> None:
    moments = {
        name: clock.moment + timedelta(seconds=value) if isinstance(value, int) else value
        for name, value in values.items()
    }
    service = rows.service(GOOGLE, **moments)
    rows.push(service_id=service, due_at=clock.moment - timedelta(seconds=300))
    rows.push(service_id=rows.service(MOZILLA), due_at=clock.moment - timedelta(seconds=20))
    waited = rows.reading(backlog.list_waited)
    longest = backlog.longest_wait(Lane.PERSONAL, waited)
    assert longest == timedelta(seconds=20 if is_spared else 300)
    assert backlog.longest_wait(Lane.BROADCAST, waited) == timedelta()
