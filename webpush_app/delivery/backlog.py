"""How much waits in the outbox, and for how long: asked every few seconds, as cheap with a million rows as with ten.

Nothing here counts a large broadcast row by row. Its tally says how many were put into the outbox and how many have
ended; the difference waits. The oldest row of each push service stands at the beginning of its part of the index.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select

from webpush_app import clock
from webpush_app.database import db
from webpush_app.delivery.models import WAITING, Lane, Push, PushTally, State
from webpush_app.subscriptions.push_services import PushService

COUNTED_UP_TO = 50_000


@dataclass(frozen=True)
class Waited:
    """The oldest due rows of one push service, by lane; None where nothing is due."""

    host: str
    is_spared: bool
    due_at: dict[Lane, datetime | None]


def depth() -> dict[tuple[Lane, State], int]:
    """What is queued, and what a worker has. Personal pushes are counted up to 50,000; broadcasts by their tally."""
    sending = _count(Lane.BROADCAST, State.SENDING)
    return {
        (Lane.PERSONAL, State.QUEUED): _count(Lane.PERSONAL, State.QUEUED),
        (Lane.PERSONAL, State.SENDING): _count(Lane.PERSONAL, State.SENDING),
        # Rows may end between the two queries.
        (Lane.BROADCAST, State.QUEUED): max(0, _waiting_of_broadcasts() - sending),
        (Lane.BROADCAST, State.SENDING): sending,
    }


def longest_wait(lane: Lane, waited: Iterable[Waited]) -> timedelta:
    """Of what could be sent now: what a push service that is spared holds up does not count."""
    now = clock.now()
    moments = [one.due_at[lane] for one in waited if not one.is_spared]
    return max((now - moment for moment in moments if moment is not None), default=timedelta())


def lanes_due() -> set[Lane]:
    """Of which something may be taken now, or tried: also what an ended lease brings back."""
    return {lane for one in list_waited() for lane, due_at in one.due_at.items() if due_at is not None}


def list_waited() -> Sequence[Waited]:
    now = clock.now()
    probes = {(lane, state): _oldest(lane, state) for lane in Lane for state in sorted(WAITING)}
    spared = (PushService.host, PushService.paused_until, PushService.paused_because, PushService.careful_until)
    rows = db.session.execute(select(*spared, *probes.values()))
    waited = []
    for host, paused_until, paused_because, careful_until, *found in rows:
        is_spared = paused_because is not None or any(
            moment and moment > now for moment in (paused_until, careful_until)
        )
        oldest: dict[Lane, datetime | None] = {}
        for (lane, _state), due_at in zip(probes, found, strict=True):
            due = [moment for moment in (oldest.get(lane), due_at) if moment is not None and moment <= now]
            oldest[lane] = min(due, default=None)
        waited.append(Waited(host, is_spared, oldest))
    return waited


def _oldest(lane: Lane, state: State) -> ColumnElement[Any]:
    """One look at the beginning of this part of the index. A row that a worker has is due when its lease has ended."""
    return (
        select(Push.due_at)
        .where(Push.state == str(state), Push.lane == int(lane), Push.service_id == PushService.id)
        .where(Push.due_at.is_not(None))
        .order_by(Push.due_at)
        .limit(1)
        .correlate(PushService)
        .scalar_subquery()
    )


def _count(lane: Lane, state: State) -> int:
    some = select(Push.id).where(Push.state == str(state), Push.lane == int(lane), Push.due_at.is_not(None))
    return db.session.scalar(select(func.count()).select_from(some.limit(COUNTED_UP_TO).subquery())) or 0


def _waiting_of_broadcasts() -> int:
    sums = select(PushTally.state, func.sum(PushTally.number)).group_by(PushTally.state)
    return sum(int(number) if state == State.QUEUED else -int(number) for state, number in db.session.execute(sums))
