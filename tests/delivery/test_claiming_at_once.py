"""Several workers at one outbox: each row is taken by one of them, and none is left."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from flask import Flask

from tests.databases import Database
from tests.delivery.outgoing import Outgoing
from webpush_app import clock
from webpush_app.database import begin_write, db
from webpush_app.delivery import pauses, statements
from webpush_app.delivery.claims import Share, claim_due
from webpush_app.delivery.models import Lane, State
from webpush_app.subscriptions.push_services import Pause

ROWS = 1000
ALL = [Share(1, Lane.PERSONAL, ROWS)]
WORKERS = 4
MOST = 20
SENDING_SECONDS = 0.01  # a worker that has claimed is busy for a while, and the others get their turn


def claim_all(app: Flask) -> list[int]:
    """Each batch with a database connection of its own, as the worker's threads have it."""
    taken: list[int] = []
    while True:
        with app.app_context():
            claim = claim_due([Share(1, Lane.PERSONAL, MOST)])
        if not claim.rows:
            return taken
        taken += [row.id for row in claim.rows]
        time.sleep(SENDING_SECONDS)


def test_four_that_claim_at_once_never_take_the_same_row(app: Flask, outgoing: Outgoing) -> None:
    outgoing.fill(ROWS)
    with ThreadPoolExecutor(WORKERS) as workers:
        taken = list(workers.map(claim_all, [app] * WORKERS))
    assert sorted(number for numbers in taken for number in numbers) == list(range(1, ROWS + 1))
    assert {(row.state, row.attempts) for row in outgoing.rows()} == {(State.SENDING, 1)}
    assert sum(bool(numbers) for numbers in taken) > 1, "only one of them ever had a turn"


@pytest.mark.postgresql_only("SQLite lets one write at a time anyway")
def test_who_is_in_the_midst_of_claiming_holds_up_nobody(app: Flask, outgoing: Outgoing, database: Database) -> None:
    outgoing.fill(6)
    with database.elsewhere() as slow, app.app_context():
        slow.exec_driver_sql("SELECT id FROM pushes WHERE id <= 3 FOR UPDATE")
        began = time.monotonic()
        assert sorted(row.id for row in claim_due(ALL).rows) == [4, 5, 6]
        assert claim_due(ALL).rows == []
        assert time.monotonic() - began < 3
    with app.app_context():
        assert sorted(row.id for row in claim_due(ALL).rows) == [1, 2, 3]


def is_locked(database: Database, table: str) -> bool:
    return not database.rows(f"SELECT id FROM {table} WHERE id = 1 FOR UPDATE SKIP LOCKED")


@pytest.mark.postgresql_only("SQLite lets one write at a time anyway")
def test_whose_a_push_is_cannot_change_between_the_look_and_the_writing(
    app: Flask, outgoing: Outgoing, database: Database
) -> None:
    outgoing.fill(1)
    with app.app_context():
        begin_write()
        statements.HOLDERS.fetch({"ids": [1]})
        assert is_locked(database, "pushes")
        db.session.rollback()
    assert not is_locked(database, "pushes")


@pytest.mark.postgresql_only("SQLite lets one write at a time anyway")
@pytest.mark.parametrize("change", ["pause", "resume"])
def test_two_that_pause_a_service_look_at_it_one_after_the_other(
    app: Flask, outgoing: Outgoing, database: Database, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    outgoing.fill(1)
    now, seen = clock.now, list[bool]()

    def look() -> datetime:
        seen.append(is_locked(database, "push_services"))
        return now()

    with app.app_context():
        begin_write()
        monkeypatch.setattr(clock, "now", look)
        if change == "pause":
            pauses.pause(1, Pause.BROKEN, asked_until=None, usual_rate=0.0)
        else:
            pauses.resume(1)
        monkeypatch.undo()
        db.session.rollback()
    assert seen[0]
