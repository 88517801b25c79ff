"""Look through the outbox for what no index leads to: rows in a final state, a host's, a reason's.

By number and a window at a time, so that no statement takes long: two milliseconds for twenty thousand rows, and nobody
waits for it. Whoever has a person waiting gives it a time, and is told where it stopped.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from webpush_app.database import db
from webpush_app.delivery.models import Push, State
from webpush_app.subscriptions.push_services import PushService

WINDOW = 20_000
# What a person has to be waited for on a page.
PATIENCE_SECONDS = 1.0


@dataclass(frozen=True)
class Wanted:
    """Which rows; what is not given does not matter."""

    states: frozenset[State] = frozenset()
    kind: str | None = None
    host: str | None = None
    reason: str | None = None  # empty: those for which none was noted
    since: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.states:
            found.append(Push.state.in_(sorted(self.states)))
        if self.kind is not None:
            found.append(Push.kind == self.kind)
        if self.host is not None:
            of_host = select(PushService.id).where(PushService.host == self.host)
            found.append(Push.service_id == of_host.scalar_subquery())
        if self.reason is not None:
            found.append(Push.reason == self.reason if self.reason else Push.reason.is_(None))
        if self.since is not None:
            found.append(Push.answered_at >= self.since)
        return found


@dataclass
class Watch:
    """How long somebody may be kept waiting; for ever, where nobody says."""

    seconds: float | None = None
    _began: float = field(default_factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        return self.seconds is not None and time.monotonic() - self._began >= self.seconds


def backwards(before: int | None = None) -> Iterator[tuple[int, int]]:
    """The first and last number of each window that holds something, newest first."""
    last = _next(func.max(Push.id), Push.id < before if before is not None else None)
    while last is not None:
        first = max(1, last - WINDOW + 1)
        yield first, last
        time.sleep(0)  # in the web process it is another's turn
        last = _next(func.max(Push.id), Push.id < first)


def forwards(up_to: int) -> Iterator[tuple[int, int]]:
    first = _next(func.min(Push.id), Push.id <= up_to)
    while first is not None:
        last = min(up_to, first + WINDOW - 1)
        yield first, last
        time.sleep(0)
        first = _next(func.min(Push.id), Push.id > last, Push.id <= up_to)


def _next(wanted: ColumnElement[int], *which: ColumnElement[bool] | None) -> int | None:
    query = select(wanted).where(*(one for one in which if one is not None))
    return db.session.scalar(query)


def newest_number() -> int:
    return db.session.scalar(select(func.max(Push.id))) or 0
