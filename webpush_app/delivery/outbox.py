"""Put pushes into the outbox, in the transaction of what they are about: both are stored, or neither is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from blinker import Namespace
from sqlalchemy import ColumnElement, Select, func, insert, literal, select

from webpush_app import clock
from webpush_app.database import UtcDateTime, after_commit, db
from webpush_app.delivery.models import FINAL, Lane, Push, PushTally, State
from webpush_app.subscriptions.models import PushSubscription

# After a commit that left something to send, with its lane. Whoever runs the delivery looks at once and not only at its
# next round.
pushes_due = Namespace().signal("pushes-due")

MESSAGE_LASTS = timedelta(hours=24)
BROADCAST_LASTS = timedelta(hours=4)


def enqueue_for_person(kind: str, subject_id: int, recipient_id: int) -> None:
    """One row for each browser of theirs that is on. What somebody else sits at by then is dropped."""
    _enqueue(
        kind,
        subject_id,
        select(PushSubscription).where(PushSubscription.user_id == recipient_id),
        recipient=PushSubscription.user_id,
        lane=Lane.PERSONAL,
        lasts=MESSAGE_LASTS,
    )


def enqueue_for_browser(kind: str, subject_id: int, subscription_id: int, *, lasts: timedelta) -> int:
    _enqueue(
        kind,
        subject_id,
        select(PushSubscription).where(PushSubscription.id == subscription_id),
        recipient=PushSubscription.user_id,
        lane=Lane.PERSONAL,
        lasts=lasts,
    )
    found = select(Push.id).where(
        Push.kind == kind, Push.subject_id == subject_id, Push.subscription_id == subscription_id
    )
    push_id: int = db.session.execute(found).scalar_one()
    return push_id


def enqueue_for_many(kind: str, subject_id: int, browsers: Select[Any], *, expires_at: datetime) -> int:
    """For the browsers that the query selects; returns how many, and counts them for the tally."""
    moment = clock.now()
    written = _enqueue(
        kind,
        subject_id,
        browsers,
        recipient=literal(None, PushSubscription.user_id.type),
        lane=Lane.BROADCAST,
        lasts=expires_at - moment,
    )
    if written:
        count(kind, subject_id, {State.QUEUED: written})
    return written


@dataclass(frozen=True)
class TellDue:
    """`after_commit(TellDue(lane))`: equal ones are one, however many rows of that lane a transaction writes."""

    lane: Lane

    def __call__(self) -> None:
        pushes_due.send(self.lane)


def count(kind: str, subject_id: int, numbers: dict[State, int]) -> None:
    rows = [
        {"kind": kind, "subject_id": subject_id, "state": state, "number": number} for state, number in numbers.items()
    ]
    db.session.execute(insert(PushTally), rows)


def read_tally(kind: str, subject_id: int) -> dict[State, int]:
    """How many were put into the outbox (`queued`), and how many of them are final, and how."""
    query = select(PushTally.state, func.sum(PushTally.number)).where(
        PushTally.kind == kind, PushTally.subject_id == subject_id
    )
    found = {State(state): int(number) for state, number in db.session.execute(query.group_by(PushTally.state))}
    return {state: found.get(state, 0) for state in (State.QUEUED, *sorted(FINAL))}


def _enqueue(
    kind: str,
    subject_id: int,
    browsers: Select[Any],
    *,
    recipient: ColumnElement[Any] | Any,
    lane: Lane,
    lasts: timedelta,
) -> int:
    """`INSERT … SELECT`: a message to one browser and a broadcast to a million are the same statement. The browsers are
    read by it alone: looked for by their ids in a query of their own, they would be read twice."""
    values = _values(kind, subject_id, recipient, lane, lasts)
    source = browsers.with_only_columns(*values.values()).where(PushSubscription.off_at.is_(None))
    source = source.order_by(None).order_by(PushSubscription.id)
    # Of an insert the number of rows is kept where it is asked for; on PostgreSQL it would be -1.
    written = insert(Push).from_select([*values], source).execution_options(preserve_rowcount=True)
    result: Any = db.session.execute(written)
    if result.rowcount:
        after_commit(TellDue(lane))
    return int(result.rowcount)


def _values(
    kind: str, subject_id: int, recipient: ColumnElement[Any] | Any, lane: Lane, lasts: timedelta
) -> dict[str, Any]:
    moment = clock.now()
    return {
        "kind": literal(kind),
        "subject_id": literal(subject_id, Push.subject_id.type),
        "subscription_id": PushSubscription.id,
        "service_id": PushSubscription.service_id,
        "recipient_id": recipient,
        "lane": literal(int(lane)),
        "state": literal(str(State.QUEUED)),
        "attempts": literal(0),
        "crashes": literal(0),
        "is_short": literal(False, Push.is_short.type),
        "created_at": literal(moment, UtcDateTime()),
        "expires_at": literal(moment + lasts, UtcDateTime()),
        "due_at": literal(moment, UtcDateTime()),
    }
