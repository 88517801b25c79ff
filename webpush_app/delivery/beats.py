"""A worker says every few seconds that it is alive, what it has done since its start, and how much it has sent to each
push service lately; others read who is there, and the other workers what is usual.

A beat is a write of its own that waits for nobody: where the database is busy it comes a moment later. A worker whose
beats stay away was killed, or hangs.
"""

import json
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from webpush_app import clock
from webpush_app.database import db, short_write
from webpush_app.delivery.counters import Counters
from webpush_app.delivery.fellows import Fellows, Told
from webpush_app.delivery.watch_models import PushWorker
from webpush_app.errors import DatabaseBusy

EVERY_SECONDS = 5.0
AGAIN_SECONDS = 0.25  # after the database was busy
ALIVE_FOR = timedelta(seconds=15)
RATES = "rates"
_LAST_TRIES = 20

_table: Any = PushWorker.__table__


class Beat:
    """Of one worker process. Call `step` from its house-keeping thread, and `stop` as the last thing."""

    def __init__(self, counters: Counters, fellows: Fellows) -> None:
        self._counters = counters
        self._fellows = fellows
        self._beat_at: datetime | None = None
        self._id: int | None = None
        self._due_at = time.monotonic()

    def step(self) -> float:
        """Does what is due, and returns how many seconds may pass until the next call."""
        left = self._due_at - time.monotonic()
        if left > 0:
            return left
        try:
            self.beat()
        except DatabaseBusy:
            return AGAIN_SECONDS
        self._due_at = time.monotonic() + EVERY_SECONDS
        return EVERY_SECONDS

    def beat(self) -> None:
        """Says it, and hears what the others have said."""
        now = clock.now()
        self._write()
        if self._beat_at is None or now - self._beat_at > ALIVE_FOR:
            self._fellows.comes(now)
        self._beat_at = now
        self._fellows.hear(self._others())

    def stop(self) -> None:
        """In order: whoever looks knows that this one was not lost."""
        for _try in range(_LAST_TRIES):
            try:
                self._write(ended_at=clock.now())
                return
            except DatabaseBusy:
                time.sleep(AGAIN_SECONDS / 10)

    def _write(self, ended_at: datetime | None = None) -> None:
        counters = json.dumps({**self._counters.snapshot(), RATES: self._fellows.says()})
        values = {"seen_at": clock.now(), "ended_at": ended_at, "counters": counters}
        with short_write() as connection:
            if self._id is not None:
                mine = update(_table).where(_table.c.id == self._id).values(values)
                if connection.execute(mine).rowcount:
                    return
            # The first beat, or the row was tidied away while this machine slept.
            new = insert(_table).values(name=_name(), started_at=clock.now(), **values)
            self._id = connection.execute(new.returning(_table.c.id)).scalar_one()

    def _others(self) -> list[Told]:
        """By their rows: processes of two containers may have one name."""
        alive = (_table.c.ended_at.is_(None), _table.c.seen_at >= clock.now() - ALIVE_FOR, _table.c.id != self._id)
        with db.engine.connect() as connection:
            found = connection.execute(select(_table.c.counters).where(*alive)).scalars().all()
        return [json.loads(counters).get(RATES, {}) for counters in found]


@dataclass(frozen=True)
class Seen:
    """A worker as it was last heard of."""

    name: str
    seen_at: datetime
    ended_at: datetime | None
    counters: dict[str, Any]

    @property
    def is_alive(self) -> bool:
        return self.ended_at is None and clock.now() - self.seen_at <= ALIVE_FOR


def list_workers(seen_within: timedelta = ALIVE_FOR) -> Sequence[Seen]:
    """The newest of each name: a container starts its processes under the same numbers again and again."""
    columns = (PushWorker.name, PushWorker.seen_at, PushWorker.ended_at, PushWorker.counters)
    query = select(*columns).where(PushWorker.seen_at >= clock.now() - seen_within).order_by(PushWorker.id)
    newest = {
        name: Seen(name, seen_at, ended_at, json.loads(counters))
        for name, seen_at, ended_at, counters in db.session.execute(query)
    }
    return list(newest.values())


def last_seen_at() -> datetime | None:
    """When any worker was last heard of; None where none ever was."""
    query = select(PushWorker.seen_at).order_by(PushWorker.seen_at.desc()).limit(1)
    return db.session.scalar(query)


def _name() -> str:
    return f"{socket.gethostname()[:100]}:{os.getpid()}"
