"""Retention: what is done with is kept for some days, for whoever asks what became of it, and then goes.

There is no index on a moment: with one more, writing a large broadcast takes longer. Ids rise with time, so each round
walks from the oldest row in windows of a few hundred, remembers its place, and ends at the first row that is too young.
Every step is one short transaction, so that nobody who writes waits for it. SQLite uses the freed pages for what comes
next; PostgreSQL's own vacuum does the same there.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, and_, delete, func, or_, select

from webpush_app import clock
from webpush_app.database import begin_write, db
from webpush_app.delivery import alerts
from webpush_app.delivery.folding import Fold
from webpush_app.delivery.models import FINAL, Push, PushAttempt, State
from webpush_app.delivery.unused_services import UnusedServices, end_idle_alerts, forget_trouble
from webpush_app.delivery.watch_models import OperatorAlert, PushWorker

MOST = 500
WORKERS_KEPT = timedelta(days=1)
ALERTS_KEPT = timedelta(days=90)
DEAD_LETTERS = frozenset({State.FAILED, State.EXPIRED})

Step = Callable[[], bool]
"""Does a little and commits; true while there may be more to do at once."""


def steps(*more: Step) -> Sequence[Step]:
    """Of one round, each to be called until it returns false. The walks begin at the oldest row again."""
    return (
        FinishedPushes().step,
        OrphanedAttempts().step,
        Fold().step,
        end_alerts,
        forget_alerts,
        forget_workers,
        forget_trouble,
        end_idle_alerts,
        *more,
        UnusedServices().step,
    )


class FinishedPushes:
    """With their attempts. Those that still wait are nobody's business here: a worker ends them."""

    def __init__(self) -> None:
        self._place = 0
        self._pushes_until, self._dead_letters_until = _limits()

    def step(self) -> bool:
        old = _window(Push.id, Push.created_at, self._place, max(self._pushes_until, self._dead_letters_until))
        if not old:
            return False
        self._place = old[-1]
        over = db.session.scalars(select(Push.id).where(Push.id.in_(old), self._is_over())).all()
        db.session.rollback()
        if over:
            begin_write()
            self._delete(over)
            db.session.commit()
        return len(old) == MOST

    def _is_over(self) -> ColumnElement[bool]:
        """By its end: one that was given up long ago may have been sent again today."""
        ended_at = func.coalesce(Push.answered_at, Push.created_at)
        return or_(
            and_(Push.state.in_(sorted(FINAL - DEAD_LETTERS)), ended_at < self._pushes_until),
            and_(Push.state.in_(sorted(DEAD_LETTERS)), ended_at < self._dead_letters_until),
        )

    def _delete(self, over: Sequence[int]) -> None:
        """Asked again of each: somebody may just have put it back. Another worker's round may be at the same rows."""
        free = select(Push.id).where(Push.id.in_(over), self._is_over()).with_for_update(skip_locked=True)
        deleted = db.session.scalars(_deleting(Push.id, free.scalar_subquery()).returning(Push.id)).all()
        db.session.execute(_deleting(PushAttempt.push_id, deleted))


class OrphanedAttempts:
    """Of pushes that went in another way."""

    def __init__(self) -> None:
        self._place = 0
        self._until = max(_limits())

    def step(self) -> bool:
        old = _window(PushAttempt.id, PushAttempt.at, self._place, self._until)
        if not old:
            return False
        self._place = old[-1]
        without = select(PushAttempt.id).outerjoin(Push, Push.id == PushAttempt.push_id).where(Push.id.is_(None))
        _forget(PushAttempt.id, without.where(PushAttempt.id.in_(old)))
        return len(old) == MOST


def forgetting(forget: Callable[[int], int]) -> Step:
    """A step for what another room can forget: so many at most, within its caller's transaction; how many it was."""

    def step() -> bool:
        begin_write()
        number = forget(MOST)
        db.session.commit()
        return number >= MOST

    return step


def end_alerts() -> bool:
    begin_write()
    alerts.end_stale()
    db.session.commit()
    return False


def forget_alerts() -> bool:
    over = select(OperatorAlert.id).where(OperatorAlert.ended_at < clock.now() - ALERTS_KEPT)
    return _forget(OperatorAlert.id, over)


def forget_workers() -> bool:
    """But for the newest, which says when a worker was last seen at all."""
    newest = select(func.max(PushWorker.id)).scalar_subquery()
    over = select(PushWorker.id).where(PushWorker.seen_at < clock.now() - WORKERS_KEPT, PushWorker.id != newest)
    return _forget(PushWorker.id, over)


def _limits() -> tuple[datetime, datetime]:
    """Pushes, and dead letters, that ended before these moments go."""
    settings, now = current_app.config["SETTINGS"], clock.now()
    return now - timedelta(days=settings.pushes_kept_days), now - timedelta(days=settings.dead_letters_kept_days)


def _window(id_column: Any, moment_column: Any, place: int, until: datetime) -> list[int]:
    """The next ids that are old enough to be looked at; fewer than MOST of them are the last."""
    query = select(id_column, moment_column).where(id_column > place).order_by(id_column).limit(MOST)
    rows = db.session.execute(query).all()
    db.session.rollback()
    return [row_id for row_id, moment in rows if moment < until]


def _forget(id_column: Any, over: Any) -> bool:
    found = db.session.scalars(over.limit(MOST)).all()
    db.session.rollback()
    if found:
        begin_write()
        db.session.execute(_deleting(id_column, found))
        db.session.commit()
    return len(found) == MOST


def _deleting(column: Any, which: Any) -> Any:
    # No object of the session can be among them, so none has to be looked for.
    return delete(column.class_).where(column.in_(which)).execution_options(synchronize_session=False)
