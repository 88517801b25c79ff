"""Several greenlets want to write while another program does; one more only wants to go on ticking."""

import sys
import time
from pathlib import Path

import gevent

from tests.conftest import settings_in
from tests.database.programs import report, ticking
from webpush_app.accounts.models import SiteFact
from webpush_app.database import begin_write, db, sqlite
from webpush_app.errors import DatabaseBusy
from webpush_app.factory import create_app

WRITERS = 4


def write(number: int) -> str:
    with app.app_context():
        try:
            begin_write()
        except DatabaseBusy:
            return "busy"
        db.session.add(SiteFact(name=f"fact {number}", value="x"))
        db.session.commit()
        return "stored"


def main() -> None:
    with ticking() as clock:
        sys.stdout.write("waiting\n")
        sys.stdout.flush()
        began = time.monotonic()
        writers = [gevent.spawn(write, number) for number in range(WRITERS)]
        outcomes = [writer.get(timeout=20) for writer in writers]
        seconds = time.monotonic() - began
    report(outcomes=outcomes, seconds=seconds, largest_gap_seconds=clock.largest_gap_seconds)


folder, patience_seconds = Path(sys.argv[1]), float(sys.argv[2])
sqlite.PATIENCE_SECONDS = patience_seconds
app = create_app(settings_in(folder))
with app.app_context():
    db.session.get(SiteFact, "x")  # everything is loaded and a connection is open before the watch begins
main()
