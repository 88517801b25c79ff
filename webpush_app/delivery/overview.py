"""How the delivery stands: whether anything can be sent at all, what waits where, and what needs a person.

Everything is found by an index, and nothing is counted beyond a limit: it may be asked for while a million pushes wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from webpush_app import clock
from webpush_app.database import db
from webpush_app.delivery import beats
from webpush_app.delivery.models import Lane, Push, State
from webpush_app.subscriptions import keyring
from webpush_app.subscriptions.push_services import PushService

COUNTED = 10_000
_LOOKED_AT = 50


@dataclass(frozen=True)
class Conditions:
    """What holds up every push, whichever it is."""

    is_contact_missing: bool
    is_worker_running: bool
    worker_seen_at: datetime | None


@dataclass(frozen=True)
class Answer:
    """What a push service said, and when."""

    at: datetime
    status: int | None
    said: str | None


@dataclass(frozen=True)
class Standing:
    """A push service, and what waits for it."""

    service: PushService
    waiting: int
    sending: int
    overdue_since: datetime | None
    last_answer: Answer | None

    @property
    def is_paused(self) -> bool:
        return self.service.paused_until is not None

    @property
    def is_counted_out(self) -> bool:
        """There are more than the number says."""
        return self.waiting > COUNTED


def read_conditions() -> Conditions:
    is_running = any(worker.is_alive for worker in beats.list_workers())
    return Conditions(keyring.contact() is None, is_running, beats.last_seen_at())


def list_standings() -> list[Standing]:
    """Those that are in trouble first, then those for which something waits."""
    services = db.session.scalars(select(PushService).order_by(PushService.host)).all()
    standings = [_standing(service) for service in services]
    return sorted(standings, key=lambda one: (not one.is_paused, not (one.waiting + one.sending)))


def list_hosts() -> Sequence[str]:
    return db.session.scalars(select(PushService.host).order_by(PushService.host)).all()


def _standing(service: PushService) -> Standing:
    return Standing(
        service,
        sum(_count(State.QUEUED, lane, service.id) for lane in Lane),
        sum(_count(State.SENDING, lane, service.id) for lane in Lane),
        min((at for lane in Lane if (at := _oldest(lane, service.id)) and at < clock.now()), default=None),
        _last_answer(service.id) if service.paused_until is not None else None,
    )


def _count(state: State, lane: Lane, service_id: int) -> int:
    some = select(Push.id).where(*_in_the_index(state, lane, service_id)).limit(COUNTED + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def _oldest(lane: Lane, service_id: int) -> datetime | None:
    query = select(Push.due_at).where(*_in_the_index(State.QUEUED, lane, service_id))
    return db.session.scalar(query.order_by(Push.due_at, Push.id).limit(1))


def _last_answer(service_id: int) -> Answer | None:
    """From what waits for it: whatever a service in trouble answered waits to be tried again."""
    answers = [
        Answer(row.answered_at, row.answer_status, row.said)
        for lane in Lane
        for row in db.session.execute(
            select(Push.answered_at, Push.answer_status, Push.said)
            .where(*_in_the_index(State.QUEUED, lane, service_id))
            .order_by(Push.due_at.desc(), Push.id.desc())
            .limit(_LOOKED_AT)
        )
        if row.answered_at is not None and (row.answer_status is not None or row.said)
    ]
    return max(answers, key=lambda one: one.at, default=None)


def _in_the_index(state: State, lane: Lane, service_id: int) -> list[ColumnElement[bool]]:
    return [
        Push.due_at.is_not(None),
        Push.state == state,
        Push.lane == int(lane),
        Push.service_id == service_id,
    ]
