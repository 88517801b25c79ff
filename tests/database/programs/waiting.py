"""Several greenlets want to write while another program does; one more only wants to go on ticking.

`waiting FOLDER DATABASE PATIENCE`; begins when a line comes.
"""

import sys
import time
from pathlib import Path

import gevent

from tests.database.programs import report, ticking
from tests.databases import settings_in
from webpush_app.accounts.models import SiteFact
from webpush_app.database import begin_write, db, postgresql, sqlite
from webpush_app.errors import DatabaseBusy
from webpush_app.factory import create_app

WRITERS = 4


def write(number: int) -> str:
    with app.app_context():
        try:
            begin_write()
            db.session.add(SiteFact(name=f"fact {number}", value="x"))
            db.session.commit()
        except DatabaseBusy:
            return "busy"
        return "stored"


def main() -> None:
    sys.stdin.readline()
    with ticking() as clock:
        sys.stdout.write("waiting\n")
        sys.stdout.flush()
        began = time.monotonic()
        writers = [gevent.spawn(write, number) for number in range(WRITERS)]
        outcomes = [writer.get(timeout=20) for writer in writers]
        seconds = time.monotonic() - began
    with app.app_context():
        db.engine.dispose()
    report(outcomes=outcomes, seconds=seconds, largest_gap_seconds=clock.largest_gap_seconds)


folder, database_url, patience_seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
sqlite.PATIENCE_SECONDS = patience_seconds
postgresql._CONNECTING["options"] += f" -c lock_timeout={round(patience_seconds * 1000)}"
app = create_app(settings_in(folder, database_url=database_url))
with app.app_context():
    db.session.get(SiteFact, "x")  # everything is loaded and a connection is open before the watch begins
main()
