"""An outbox that is emptied by the product's own code, and what it takes on the disk: claimed and settled as a worker
does, with nobody to send to between the two; and tidied away as its hourly round does, when the days are over.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flask import Flask
from sqlalchemy import func, select, text

from bench.figures import MILLISECONDS, median
from soak.clocks import told_time
from webpush_app.database import begin_write, db
from webpush_app.delivery import claims, tidy
from webpush_app.delivery.bookmarks import Bookmarks
from webpush_app.delivery.claims import Claimed, Settled
from webpush_app.delivery.flow import AHEAD, GROUP, MOST_OF_ONE_SERVICE_AT_ONCE
from webpush_app.delivery.models import Lane, Push, State

TENTHS = 10
VACUUMED_WITHIN_SECONDS = 420.0
_DAY_SECONDS = 86400.0
_TAKEN_TOGETHER = AHEAD * MOST_OF_ONE_SERVICE_AT_ONCE
_LOOK_SECONDS = 1.0
_STATISTICS = text(
    "SELECT n_live_tup + n_dead_tup AS rows, last_autovacuum IS NOT NULL AS has_been_vacuumed"
    " FROM pg_stat_user_tables WHERE relname = 'pushes'"
)
_SIZES = text("SELECT pg_total_relation_size('pushes'), pg_table_size('pushes')")


class Taken(NamedTuple):
    """One claim: how many rows, how long the look for what is due took, and how long they were waited for."""

    rows: int
    look_ms: float
    claim_ms: float


@dataclass(frozen=True)
class Course:
    """The medians of each tenth of the rows."""

    claims_ms: list[float]
    looks_ms: list[float]

    @property
    def growth(self) -> float:
        """How many times as long a claim takes in the last tenth as in the first."""
        return self.claims_ms[-1] / self.claims_ms[0]

    @property
    def words(self) -> str:
        return " ".join(f"{one:.1f}" for one in self.claims_ms)


class Size(NamedTuple):
    total_mb: float
    rows_mb: float  # without the indexes


def course(taken: Sequence[Taken]) -> Course:
    tenths: list[list[Taken]] = [[] for _ in range(TENTHS)]
    total, place = sum(one.rows for one in taken), 0
    for one in taken:
        tenths[place * TENTHS // total].append(one)
        place += one.rows
    return Course(
        [median([one.claim_ms for one in tenth]) for tenth in tenths],
        [median([one.look_ms for one in tenth]) for tenth in tenths],
    )


def empty(app: Flask, service_id: int) -> list[Taken]:
    """Until nothing of the broadcasts is due any more. As many are held meanwhile as a worker holds."""
    taken: list[Taken] = []
    held: deque[Sequence[Claimed]] = deque()
    with app.app_context():
        bookmarks = Bookmarks()
        while True:
            rows = _take(service_id, bookmarks, taken)
            held.append(rows)
            if not rows:
                break
            if len(held) > 1:
                _settle(held.popleft())
        for rows in held:
            _settle(rows)
    return taken


def retire(app: Flask) -> None:
    """The rounds of the day on which all of it may go."""
    with told_time() as told, app.app_context():
        told.advance((app.config["SETTINGS"].pushes_kept_days + 1) * _DAY_SECONDS)
        for step in tidy.steps():
            while step():
                pass


def wait_for_vacuum(app: Flask, rows_before: int) -> float:
    """Until PostgreSQL has by itself given free what was deleted; seconds. Not where it is told to leave that."""
    began = time.monotonic()
    with app.app_context():
        while db.session.scalar(text("SHOW autovacuum")) == "on":
            found = db.session.execute(_STATISTICS).one()
            db.session.rollback()
            if found.has_been_vacuumed and found.rows < rows_before / 100:
                break
            if time.monotonic() - began > VACUUMED_WITHIN_SECONDS:
                raise AssertionError(f"not vacuumed within {VACUUMED_WITHIN_SECONDS} s: {found}")
            time.sleep(_LOOK_SECONDS)
    return time.monotonic() - began


def vacuum(app: Flask) -> None:
    """As it comes by itself in the hours until the next broadcast: pages of an index that one vacuum has emptied are
    used again after the next one."""
    with app.app_context(), db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in ("pushes", "push_subscriptions"):
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text(f"VACUUM {table}"))


def size(app: Flask) -> Size:
    with app.app_context():
        total, table = db.session.execute(_SIZES).one()
        db.session.rollback()
    return Size(total / 1e6, table / 1e6)


def rows_left(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Push)) or 0


def _take(service_id: int, bookmarks: Bookmarks, taken: list[Taken]) -> Sequence[Claimed]:
    """As a worker does; where nothing is left beyond a bookmark everything is looked at once more."""
    began = time.monotonic()
    bookmarks.read_standings()
    looked = time.monotonic()
    shares = [bookmarks.share(service_id, Lane.BROADCAST, _TAKEN_TOGETHER)]
    claim = claims.claim_due(shares)
    ended = time.monotonic()
    bookmarks.note(shares, claim)
    rows = claim.rows
    if not rows and bookmarks.look_at_everything():
        return _take(service_id, bookmarks, taken)
    if rows:
        taken.append(Taken(len(rows), (looked - began) * MILLISECONDS, (ended - looked) * MILLISECONDS))
    return rows


def _settle(rows: Sequence[Claimed]) -> None:
    for start in range(0, len(rows), GROUP):
        begin_write()
        claims.settle([Settled(row, State.ACCEPTED, status=201) for row in rows[start : start + GROUP]])
        db.session.commit()
