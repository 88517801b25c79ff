"""Forget push services that no browser belongs to any more. Strangers may name new ones below a wildcard.

Which services are in use is nowhere written down, and an index for it would be paid by every row that is written. So
the browsers are walked, and then the outbox, until each service has been met; mostly the first window is enough.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.exc import IntegrityError

from webpush_app import clock
from webpush_app.database import begin_write, db
from webpush_app.delivery.models import WAITING, Lane, Push
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.push_services import PushService

WINDOW = 5000
NEW_FOR = timedelta(days=1)
_PLACES: Sequence[tuple[Any, Any]] = (
    (PushSubscription.id, PushSubscription.service_id),
    (Push.id, Push.service_id),
)


class UnusedServices:
    def __init__(self) -> None:
        self._unmet: set[int] | None = None
        self._tables = list(_PLACES)
        self._place = 0

    def step(self) -> bool:
        if self._unmet is None:
            self._unmet = set(db.session.scalars(select(PushService.id).where(*_may_go())))
            db.session.rollback()
        if not self._unmet:
            return False
        if self._tables:
            self._walk(self._unmet, *self._tables[0])
        else:
            _forget(self._unmet.pop())
        return bool(self._unmet)

    def _walk(self, unmet: set[int], id_column: Any, service_column: Any) -> None:
        window = select(id_column.label("id"), service_column.label("service_id")).where(id_column > self._place)
        rows = window.order_by(id_column).limit(WINDOW).subquery()
        met = select(rows.c.service_id, func.count(), func.max(rows.c.id)).group_by(rows.c.service_id)
        found = db.session.execute(met).all()
        db.session.rollback()
        unmet.difference_update(service_id for service_id, _number, _last in found)
        if sum(number for _service, number, _last in found) < WINDOW:
            self._tables.pop(0)
            self._place = 0
        else:
            self._place = max(last for _service, _number, last in found)


def _may_go() -> tuple[Any, ...]:
    """Not a new one, whose first browser is just being stored, and not one whose trouble is being remembered."""
    return (PushService.created_at < clock.now() - NEW_FOR, PushService.paused_because.is_(None))


def _forget(service_id: int) -> None:
    """A browser may have come since: then it stays. A push that waits would never be sent without its service."""
    here = (Push.service_id == service_id, Push.due_at.is_not(None))
    waiting = [
        exists().where(Push.state == str(state), Push.lane == int(lane), *here)
        for state in sorted(WAITING)
        for lane in Lane
    ]
    forgetting = delete(PushService).where(PushService.id == service_id, *_may_go(), *(~found for found in waiting))
    begin_write()
    try:
        db.session.execute(forgetting.execution_options(synchronize_session=False))
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
