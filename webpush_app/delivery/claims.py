"""Take due pushes for a while, and write down what became of them.

The lease is written before anything is sent. A worker that dies leaves its rows to whoever looks after the lease has
ended; one that was only slow cannot settle them any more, because the token on the row is another by then.
"""

import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, func, literal, select, update

from webpush_app import clock
from webpush_app.database import UtcDateTime, begin_write, db
from webpush_app.delivery import outbox
from webpush_app.delivery.models import Lane, Push, State

LEASE = timedelta(seconds=60)
# What is personal is sent all at once, so that whoever signs out meanwhile is not sent to later; broadcasts in larger
# batches, which cost less for each push.
BATCH = {Lane.PERSONAL: 16, Lane.BROADCAST: 100}


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row of the outbox as it was taken; plain values, because it leaves the transaction."""

    id: int
    kind: str
    subject_id: int
    subscription_id: int
    recipient_id: int | None
    lane: int
    attempts: int
    first_attempt_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Claim:
    """Rows that are ours until `ends_at`, and the token that proves it."""

    token: str
    claimed_at: datetime
    rows: Sequence[Claimed]

    @property
    def ends_at(self) -> datetime:
        return self.claimed_at + LEASE


@dataclass(frozen=True)
class Settled:
    """What became of one push. `due_at` is set where it is to be tried again."""

    push_id: int
    state: State
    reason: str | None = None
    status: int | None = None
    said: str | None = None
    due_at: datetime | None = None
    uses_attempt: bool = True
    tallied_as: tuple[str, int] | None = None  # kind and subject of what is final, where somebody counts it


def claim_due(lanes: Collection[Lane], most: int | None = None) -> Claim | None:
    """The lanes in their order: what is personal first. Commits, so that nobody else takes them."""
    for lane in sorted(lanes):
        if not _is_anything_due(lane):
            continue
        begin_write()
        claim = _claim(lane, most or BATCH[lane])
        db.session.commit()
        if claim.rows:
            return claim
    return None


def settle(claim: Claim, settled: Sequence[Settled]) -> int:
    """Within the caller's transaction. Returns how many rows were still ours; the others are somebody else's by now."""
    if not settled:
        return 0
    # One statement for each row, compiled once; `executemany` has no RETURNING, so what was lost is looked up first.
    ours = _still_ours(claim, [one.push_id for one in settled])
    kept = [one for one in settled if one.push_id in ours]
    if kept:
        db.session.connection().execute(_SETTLE, [_values(claim, one) for one in kept])
    for (kind, subject_id), states in _final_counts(kept).items():
        outbox.count(kind, subject_id, dict(states))
    return len(kept)


def give_back(tokens: Collection[str]) -> None:
    """At a sudden stop: nothing waits for the end of the lease. What was under way may be sent twice, under one tag."""
    begin_write()
    db.session.execute(
        update(Push)
        .where(Push.lease_token.in_(tokens), Push.state == State.SENDING)
        .values(state=State.QUEUED, due_at=clock.now(), attempts=Push.attempts - 1, lease_token=None)
    )
    db.session.commit()


def _is_anything_due(lane: Lane) -> bool:
    """Looked at without a lock, so that an idle worker disturbs nobody."""
    found = select(Push.id).where(Push.lane == int(lane), Push.due_at <= clock.now()).limit(1)
    is_due = db.session.scalar(found) is not None
    db.session.rollback()
    return is_due


def _claim(lane: Lane, most: int) -> Claim:
    moment, token = clock.now(), secrets.token_hex(8)
    due = (
        select(Push.id)
        .where(Push.lane == int(lane), Push.due_at <= moment)
        .order_by(Push.due_at, Push.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    taken = (
        update(Push)
        .where(Push.id.in_(due.scalar_subquery()))
        .values(
            state=State.SENDING,
            due_at=moment + LEASE,
            lease_token=token,
            attempts=Push.attempts + 1,
            first_attempt_at=func.coalesce(Push.first_attempt_at, literal(moment, UtcDateTime())),
        )
        .returning(*(getattr(Push, column.name) for column in fields(Claimed)))
        .execution_options(synchronize_session=False)
    )
    return Claim(token, moment, [Claimed(*row) for row in db.session.execute(taken)])


def _still_ours(claim: Claim, push_ids: Sequence[int]) -> set[int]:
    query = select(Push.id).where(Push.id.in_(push_ids), Push.lease_token == claim.token)
    return set(db.session.scalars(query.with_for_update()))


_table: Any = Push.__table__
_SETTLE = (
    update(_table)
    .where(_table.c.id == bindparam("push_id"), _table.c.lease_token == bindparam("token"))
    .values(
        state=bindparam("new_state"),
        reason=bindparam("new_reason"),
        answer_status=bindparam("new_status"),
        said=bindparam("new_said"),
        answered_at=bindparam("new_answered_at"),
        due_at=bindparam("new_due_at"),
        attempts=_table.c.attempts - case((bindparam("uses_attempt", type_=_table.c.attempts.type) == 1, 0), else_=1),
        lease_token=None,
    )
)


def _values(claim: Claim, one: Settled) -> dict[str, Any]:
    return {
        "push_id": one.push_id,
        "token": claim.token,
        "new_state": str(one.state),
        "new_reason": one.reason,
        "new_status": one.status,
        "new_said": one.said,
        "new_answered_at": clock.now(),
        "new_due_at": one.due_at,
        "uses_attempt": int(one.uses_attempt),
    }


def _final_counts(settled: Sequence[Settled]) -> dict[tuple[str, int], Counter[State]]:
    counts: dict[tuple[str, int], Counter[State]] = {}
    for one in settled:
        if one.tallied_as:
            counts.setdefault(one.tallied_as, Counter())[one.state] += 1
    return counts
