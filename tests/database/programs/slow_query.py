"""One person's query takes a second on PostgreSQL; others go on being answered, and a greenlet goes on ticking.

`slow_query FOLDER DATABASE`. So many files are open that the numbers of the sockets are beyond what `select` can bear.
"""

import os
import sys
import time
from pathlib import Path

import gevent
from sqlalchemy import text

from tests.database.programs import report, ticking
from tests.databases import settings_in
from webpush_app.database import db
from webpush_app.factory import create_app
from webpush_app.start import _allow_many_connections

OPEN_FILES = 1500
SLOW_SECONDS = 1.0


def ask_slowly() -> float:
    began = time.monotonic()
    with app.app_context():
        db.session.execute(text(f"SELECT pg_sleep({SLOW_SECONDS})"))
        descriptor = db.session.connection().connection.driver_connection.pgconn.socket  # type: ignore[union-attr]
        descriptors.append(descriptor)
    return time.monotonic() - began


def visit() -> int:
    status = app.test_client().get("/login").status_code
    with app.app_context():
        db.session.execute(text("SELECT 1"))
    return status


def main() -> None:
    with ticking() as clock:
        slow = gevent.spawn(ask_slowly)
        gevent.sleep(0.1)
        began = time.monotonic()
        statuses = [visitor.get(timeout=10) for visitor in [gevent.spawn(visit) for _number in range(5)]]
        others_seconds = time.monotonic() - began
        slow_seconds = slow.get(timeout=10)
    with app.app_context():
        db.engine.dispose()
    report(
        statuses=statuses,
        others_seconds=others_seconds,
        slow_seconds=slow_seconds,
        largest_gap_seconds=clock.largest_gap_seconds,
        descriptor=descriptors[0],
    )


descriptors: list[int] = []
app = create_app(settings_in(Path(sys.argv[1]), database_url=sys.argv[2]))
visit()  # everything is loaded before the watch begins
with app.app_context():
    db.engine.dispose()
_allow_many_connections()
held = [os.open(os.devnull, os.O_RDONLY) for _number in range(OPEN_FILES)]
main()
