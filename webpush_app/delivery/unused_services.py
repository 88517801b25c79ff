"""Forget push services that no browser belongs to any more, and trouble that nobody has any more. Strangers may name
new services below a wildcard.

Which services are in use is nowhere written down, and an index for it would be paid by every row that is written. So
the browsers are walked, and then the outbox, until each service has been met; mostly the first window is enough.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select
from sqlalchemy.exc import IntegrityError

from webpush_app import clock
from webpush_app.database import begin_write, db
from webpush_app.delivery import alerts, pauses, telling
from webpush_app.delivery.alerts import AlertKind
from webpush_app.delivery.models import WAITING, Lane, Push
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.push_services import PushService

WINDOW = 5000
NEW_FOR = timedelta(days=1)
# A pause is over after five minutes, or an hour where that was asked for; then whatever waits would have tried it.
UNTRIED_FOR = timedelta(hours=1)
# Whoever is told of a service that nothing waits for any more should have the time to read it.
IDLE_FOR = timedelta(days=1)
_OF_A_SERVICE = (AlertKind.HOST_DOWN, AlertKind.OUR_KEY)
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


def forget_trouble() -> bool:
    """Of one that nothing waits for: nobody would ever try it again, and its alert would stay for ever. What is sent
    there next finds out by itself how it is."""
    is_untried = PushService.paused_until < clock.now() - UNTRIED_FOR
    query = select(PushService).where(is_untried, *_nothing_waits(PushService.id)).limit(1)
    is_there = db.session.scalar(query) is not None
    db.session.rollback()
    if not is_there:
        return False
    begin_write()
    found = db.session.scalar(query.with_for_update(skip_locked=True))
    if found is not None:
        pauses.forget(found.id)
        telling.end_alerts(found.host)
    db.session.commit()
    return found is not None


def end_idle_alerts() -> bool:
    """Of a service that is not spared, and that nothing waits for since a day: nobody is sent to, so that nobody would
    find out that it is well."""
    before = clock.now() - IDLE_FOR
    about = {one.about for one in alerts.list_open() if one.kind in _OF_A_SERVICE and one.raised_at < before}
    still = set(db.session.scalars(select(PushService.host).where(PushService.host.in_(about), _is_in_use())))
    db.session.rollback()
    for host in sorted(about - still):
        begin_write()
        telling.end_alerts(host)
        db.session.commit()
    return False


def _is_in_use() -> Any:
    return or_(PushService.paused_until.is_not(None), ~and_(*_nothing_waits(PushService.id)))


def _nothing_waits(service_id: Any) -> list[Any]:
    """Found by the index for what is due, however many rows there are."""
    here = (Push.service_id == service_id, Push.due_at.is_not(None))
    return [
        ~exists().where(Push.state == str(state), Push.lane == int(lane), *here)
        for state in sorted(WAITING)
        for lane in Lane
    ]


def _may_go() -> tuple[Any, ...]:
    """Not a new one, whose first browser is just being stored, and not one whose trouble is being remembered."""
    return (PushService.created_at < clock.now() - NEW_FOR, PushService.paused_because.is_(None))


def _forget(service_id: int) -> None:
    """A browser may have come since: then it stays. A push that waits would never be sent without its service."""
    forgetting = delete(PushService).where(PushService.id == service_id, *_may_go(), *_nothing_waits(service_id))
    begin_write()
    try:
        db.session.execute(forgetting.execution_options(synchronize_session=False))
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
