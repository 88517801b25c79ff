"""A program that does nothing but the steps of broadcasts, until none is unfinished; several of it run at once.

`python -m tests.broadcasts.fanning_out FOLDER DATABASE STEP`; begins when a line comes, and says how many steps it did.
"""

import sys
import time
from pathlib import Path

from sqlalchemy import exists, select

from tests.conftest import settings_in
from webpush_app.broadcasts import service
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import db
from webpush_app.factory import create_app

READY = "Ready"


def main(folder: str, database_url: str, step: str) -> None:
    service.STEP = int(step)
    app = create_app(settings_in(Path(folder), database_url=database_url))
    with app.app_context():
        unfinished = db.session.scalar(select(exists().where(Broadcast.fanned_out_at.is_(None))))
        db.session.rollback()
    assert unfinished
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    sys.stdin.readline()
    steps = 0
    while unfinished:
        with app.app_context():
            steps += service.fan_out_step()
            unfinished = db.session.scalar(select(exists().where(Broadcast.fanned_out_at.is_(None))))
        time.sleep(0.002)  # the others get their turn
    with app.app_context():
        db.engine.dispose()
    sys.stdout.write(f"{steps}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
