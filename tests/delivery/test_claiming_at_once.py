"""Several workers at one outbox: each row is taken by one of them, and none is left."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from tests.databases import Database
from tests.delivery.outgoing import Outgoing
from webpush_app.delivery.claims import Share, claim_due
from webpush_app.delivery.models import Lane, State

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
        assert time.monotonic() - began < 1
    with app.app_context():
        assert sorted(row.id for row in claim_due(ALL).rows) == [1, 2, 3]
