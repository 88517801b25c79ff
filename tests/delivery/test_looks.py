"""What is asked again and again of the outbox looks at the beginnings of its index, however much is due, and also while
PostgreSQL knows nothing about the table yet."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert

from tests.delivery.outgoing import Outgoing
from tests.people import People
from webpush_app import clock
from webpush_app.database import begin_write, db
from webpush_app.delivery import pauses
from webpush_app.delivery.claims import BEGINNING, Bookmark, Claimed, Settled, Share, claim_due, settle
from webpush_app.delivery.models import Lane, Push, State
from webpush_app.delivery.pauses import KNOWS_NOTHING, Known
from webpush_app.delivery.statements import due as due_rows

pytestmark = pytest.mark.postgresql_only("SQLite always goes by the index")

ROWS = 3000


def test_the_look_at_what_is_due_reads_a_row_of_each_part(app: Flask, outgoing: Outgoing, people: People) -> None:
    device = outgoing.device(people("susan"))
    due(app, device.id)
    read = rows_read(app, pauses.STANDINGS, pauses.asking(KNOWS_NOTHING))
    assert len(read) == len(Lane) * 2
    assert sorted(read) == [0, 0, 0, 1]


def test_what_is_known_is_not_looked_at(app: Flask, outgoing: Outgoing, people: People) -> None:
    device = outgoing.device(people("susan"))
    due(app, device.id)
    known = Known(broadcast=[1], has_no_suspects=True)
    assert rows_read(app, pauses.STANDINGS, pauses.asking(known)) == [0]


def test_a_claim_from_a_bookmark_passes_over_what_was_taken(app: Flask, outgoing: Outgoing, people: People) -> None:
    """PostgreSQL has not vacuumed, and so has an entry of the index for each of them."""
    device = outgoing.device(people("susan"))
    due(app, device.id)
    with app.app_context():
        rows = claim_due([Share(1, Lane.BROADCAST, ROWS - 1)]).rows
        begin_write()
        settle([Settled(row, State.ACCEPTED, status=201) for row in rows])
        db.session.commit()
    last = max(Bookmark(row.was_due_at, row.id) for row in rows)
    from_the_beginning, from_the_bookmark = (pages_read(app, after) for after in (BEGINNING, last))
    assert from_the_beginning > 3 * from_the_bookmark
    assert 0 < from_the_bookmark < 8


def due(app: Flask, subscription_id: int) -> None:
    with app.app_context():
        begin_write()
        service_id = db.session.connection().exec_driver_sql("SELECT id FROM push_services").scalar_one()
        same = {"kind": "news", "subscription_id": subscription_id, "service_id": service_id, "lane": Lane.BROADCAST}
        same |= {"state": State.QUEUED, "attempts": 0, "crashes": 0, "is_short": False}
        same |= {"created_at": clock.now(), "expires_at": clock.now(), "due_at": clock.now()}
        db.session.execute(insert(Push), [{**same, "subject_id": number} for number in range(ROWS)])
        db.session.commit()


def explained(app: Flask, statement: Any, given: dict[str, Any]) -> dict[str, Any]:
    with app.app_context():
        asked = statement.compile(db.engine)
        explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {asked}"
        found = db.session.connection().exec_driver_sql(explain, {**asked.params, **given})
        plan: dict[str, Any] = found.scalar_one()[0]["Plan"]
        db.session.rollback()
    return plan


def rows_read(app: Flask, statement: Any, given: dict[str, Any]) -> list[float]:
    """Of each part of the plan that reads the outbox; a part that is not carried out reads nothing."""
    plan = explained(app, statement, given)
    reading = [one for one in parts(plan) if one.get("Relation Name") == Push.__tablename__ and one["Actual Loops"]]
    return [one["Actual Rows"] for one in reading]


def pages_read(app: Flask, after: Bookmark) -> int:
    """To find the one row that is left."""
    given = {"of_lane": int(Lane.BROADCAST), "of_service": 1, "most": 1, "moment": clock.now(), "token": "token"}
    given |= {"after_due_at": after.due_at, "after_id": after.id}
    plan = explained(app, due_rows(Claimed._fields, is_suspect=False).statement, given)
    assert plan["Actual Rows"] == 1
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def parts(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from parts(below)
