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
from webpush_app.delivery.models import Lane, Push, State

pytestmark = pytest.mark.postgresql_only("SQLite always goes by the index")

ROWS = 3000


def test_the_look_at_what_is_due_reads_a_row_of_each_part(app: Flask, outgoing: Outgoing, people: People) -> None:
    device = outgoing.device(people("susan"))
    due(app, device.id)
    with app.app_context():
        asked = pauses.STANDINGS.compile(db.engine)
        given = {**asked.params, "moment": clock.now()}
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {asked}"
        plan = db.session.connection().exec_driver_sql(explain, given).scalar_one()[0]["Plan"]
    read = [one["Actual Rows"] for one in parts(plan) if one.get("Relation Name") == Push.__tablename__]
    assert len(read) == len(Lane) * 2
    assert sorted(read) == [0, 0, 0, 1]


def due(app: Flask, subscription_id: int) -> None:
    with app.app_context():
        begin_write()
        service_id = db.session.connection().exec_driver_sql("SELECT id FROM push_services").scalar_one()
        same = {"kind": "news", "subscription_id": subscription_id, "service_id": service_id, "lane": Lane.BROADCAST}
        same |= {"state": State.QUEUED, "attempts": 0, "crashes": 0, "is_short": False}
        same |= {"created_at": clock.now(), "expires_at": clock.now(), "due_at": clock.now()}
        db.session.execute(insert(Push), [{**same, "subject_id": number} for number in range(ROWS)])
        db.session.commit()


def parts(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from parts(below)
