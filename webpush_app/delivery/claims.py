"""Take due pushes for a while, and write down what became of them.

The lease is written before anything is sent. A worker that dies leaves its rows to whoever looks after the lease has
ended; one that was only slow cannot settle them any more, because the token on the row is another by then.

What a lost worker left behind is suspect: it is taken one by one, so that the push that kills workers is found.
"""

import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask import current_app
from sqlalchemy import case, func, insert, literal, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from webpush_app import clock
from webpush_app.database import UtcDateTime, begin_write, db
from webpush_app.delivery import outbox
from webpush_app.delivery.models import Lane, Push, PushAttempt, State


class Claimed(NamedTuple):
    """A row of the outbox as it was taken; plain values, because it leaves the transaction."""

    id: int
    kind: str
    subject_id: int
    subscription_id: int
    service_id: int
    recipient_id: int | None
    lane: int
    attempts: int
    crashes: int
    is_short: bool
    first_attempt_at: datetime
    expires_at: datetime
    lease_token: str


class Share(NamedTuple):
    """How many rows of one push service are to be taken."""

    service_id: int
    lane: Lane
    most: int
    is_suspect: bool = False
    is_probe: bool = False


class Claim(NamedTuple):
    """Rows that are ours for as long as the lease lasts."""

    rows: Sequence[Claimed]
    claimed_at: datetime
    lasts: timedelta

    @property
    def ends_at(self) -> datetime:
        return self.claimed_at + self.lasts

    @property
    def send_before(self) -> datetime:
        """Later than that, an answer might come when the lease has ended."""
        return self.claimed_at + self.lasts * 2 / 3


class Settled(NamedTuple):
    """What became of one push. `due_at` is set where it is to be looked at again."""

    row: Claimed
    state: State
    reason: str | None = None
    status: int | None = None
    said: str | None = None
    due_at: datetime | None = None
    uses_attempt: bool = True
    is_short: bool = False


class Returned(NamedTuple):
    """One that was taken and not sent: nobody was asked, and what an earlier attempt was answered stays with it."""

    row: Claimed
    due_at: datetime


def claim_due(shares: Sequence[Share]) -> Claim:
    """Commits, so that nobody else takes them."""
    begin_write()
    lasts = timedelta(seconds=current_app.config["PUSH_LEASE_SECONDS"])
    moment = clock.now()
    rows = [row for share in shares for row in _take(share, moment, moment + lasts)]
    db.session.commit()
    return Claim(rows, moment, lasts)


def settle(settled: Sequence[Settled]) -> set[int]:
    """Within the caller's transaction. Returns the pushes that were still ours; the others are somebody else's by now.

    What ends alike is written by one statement: nearly all of a broadcast is.
    """
    moment = clock.now()
    alike: dict[tuple[Any, ...], list[int]] = {}
    for one in settled:
        alike.setdefault((one.row.lease_token, *one[1:]), []).append(one.row.id)
    kept: set[int] = set()
    for (token, *change), push_ids in alike.items():
        kept |= _write(token, push_ids, _answered(Settled(settled[0].row, *change), moment))
    ours = [one for one in settled if one.row.id in kept]
    _remember_attempts(ours, moment)
    _count_final(ours)
    return kept


def give_back(returned: Sequence[Returned]) -> None:
    """Within the caller's transaction: they are anybody's from their time on, as if they had not been taken."""
    alike: dict[tuple[str, datetime, bool], list[int]] = {}
    for row, due_at in returned:
        alike.setdefault((row.lease_token, due_at, row.crashes > 0), []).append(row.id)
    for (token, due_at, is_suspect), push_ids in alike.items():
        _write(token, push_ids, {**_UNTOUCHED, "due_at": due_at, **(_NOT_CRASHED if is_suspect else {})})


def give_back_all(tokens: Collection[str]) -> None:
    """At a sudden stop: nothing waits for the end of the lease. What was under way may be sent twice, under one tag."""
    begin_write()
    db.session.execute(
        update(_table)
        .where(_table.c.lease_token.in_(tokens), _table.c.state == str(State.SENDING))
        .values(**_UNTOUCHED, due_at=clock.now())
    )
    db.session.commit()


_table: Any = Push.__table__
_RETURNED: tuple[Any, ...] = tuple(_table.c[name] for name in Claimed._fields)
_NEVER_TRIED = _table.c.attempts <= 1
_UNTOUCHED: dict[str, Any] = {
    "state": str(State.QUEUED),
    "attempts": _table.c.attempts - 1,
    "first_attempt_at": case((_NEVER_TRIED, None), else_=_table.c.first_attempt_at),
    "lease_token": None,
}
_NOT_CRASHED = {"crashes": _table.c.crashes - 1}


def _take(share: Share, moment: datetime, ends_at: datetime) -> list[Claimed]:
    due = (
        select(_table.c.id)
        .where(_table.c.state == str(State.SENDING if share.is_suspect else State.QUEUED))
        .where(_table.c.lane == int(share.lane), _table.c.service_id == share.service_id, _table.c.due_at <= moment)
        .order_by(_table.c.due_at, _table.c.id)
        .limit(share.most)
        .with_for_update(skip_locked=True)
    )
    taken: ReturningUpdate[Any] = (
        update(_table)
        .where(_table.c.id.in_(due.scalar_subquery()))
        .values(
            state=str(State.SENDING),
            due_at=ends_at,
            lease_token=secrets.token_hex(8),
            attempts=_table.c.attempts + 1,
            first_attempt_at=func.coalesce(_table.c.first_attempt_at, literal(moment, UtcDateTime())),
            **({"crashes": _table.c.crashes + 1} if share.is_suspect else {}),
        )
        .returning(*_RETURNED)
    )
    return [Claimed._make(row) for row in db.session.execute(taken)]


def _write(token: str, push_ids: Sequence[int], values: dict[str, Any]) -> set[int]:
    statement = update(_table).where(_table.c.id.in_(push_ids), _table.c.lease_token == token)
    return set(db.session.execute(statement.values(values).returning(_table.c.id)).scalars())


def _answered(one: Settled, moment: datetime) -> dict[str, Any]:
    return {
        "state": str(one.state),
        "reason": one.reason,
        "answer_status": one.status,
        "said": one.said,
        "answered_at": moment,
        "due_at": one.due_at,
        "crashes": 0,
        "lease_token": None,
        **({} if one.uses_attempt else {"attempts": _table.c.attempts - 1}),
        **({"is_short": True} if one.is_short else {}),
    }


def _remember_attempts(settled: Sequence[Settled], moment: datetime) -> None:
    """Those that are followed by another one; the last one stands on the row itself."""
    rows = [
        {
            "push_id": one.row.id,
            "at": moment,
            "answer_status": one.status,
            "reason": one.reason,
            "said": one.said,
            "next_at": one.due_at,
        }
        for one in settled
        if one.due_at is not None
    ]
    if rows:
        db.session.execute(insert(PushAttempt), rows)


def _count_final(settled: Sequence[Settled]) -> None:
    """Pushes to many are counted as they end; those of one message are few enough to be read."""
    counts: dict[tuple[str, int], Counter[State]] = {}
    for one in settled:
        if one.due_at is None and one.row.lane == Lane.BROADCAST:
            counts.setdefault((one.row.kind, one.row.subject_id), Counter())[one.state] += 1
    for (kind, subject_id), states in counts.items():
        outbox.count(kind, subject_id, dict(states))
