"""Take due pushes for a while, and write down what became of them.

The lease is written before anything is sent. A worker that dies leaves its rows to whoever looks after the lease has
ended; one that was only slow cannot settle them any more, because the token on the row is another by then.

What a lost worker left behind is suspect: it is taken a few at a time, and what two workers were lost with one by one,
so that the push that kills workers is found.
"""

import secrets
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from flask import current_app
from sqlalchemy import func, insert, select

from webpush_app import clock
from webpush_app.database import begin_write, db
from webpush_app.delivery import outbox, statements
from webpush_app.delivery.models import Lane, Push, PushAttempt, State
from webpush_app.protocol.answers import Why


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
    was_due_at: datetime
    answered_at: datetime | None
    reason: str | None
    """When the attempt before this one was answered, and what became of it."""
    lease_token: str


class Bookmark(NamedTuple):
    """A row of the outbox, in the order in which rows are taken: it and what comes before it is passed over."""

    due_at: datetime
    id: int


BEGINNING = Bookmark(datetime.min.replace(tzinfo=UTC), 0)


class Share(NamedTuple):
    """How many rows of one push service are to be taken; of suspects at the most, see `_that_may_share`."""

    service_id: int
    lane: Lane
    most: int
    is_suspect: bool = False
    is_probe: bool = False
    after: Bookmark = BEGINNING


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
    missing_key: str | None = None
    """The public key of its browser, where that is not here: what waits for it says so."""


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
    holders = {(row[0], row[1]) for row in statements.HOLDERS.fetch({"ids": [one.row.id for one in settled]})}
    ours = [one for one in settled if (one.row.id, one.row.lease_token) in holders]
    alike: dict[tuple[Any, ...], list[int]] = {}
    for row, *change in ours:
        alike.setdefault(tuple(change), []).append(row.id)
    for key, push_ids in alike.items():
        _write_answer(push_ids, Settled(ours[0].row, *key), moment)
    _remember_attempts(ours, moment)
    _count_final(ours)
    return {one.row.id for one in ours}


def answered_before(push_ids: Collection[int], reason: str, times: int) -> set[int]:
    """Those of which so many earlier attempts ended in this way, since they were sent again by hand if they were."""
    query = select(PushAttempt.push_id).where(PushAttempt.push_id.in_(push_ids), PushAttempt.reason == reason)
    query = query.join(Push, Push.id == PushAttempt.push_id).where(PushAttempt.at >= Push.first_attempt_at)
    return set(db.session.scalars(query.group_by(PushAttempt.push_id).having(func.count() >= times)))


def give_back(returned: Sequence[Returned]) -> None:
    """Within the caller's transaction: they are anybody's from their time on, as if they had not been taken."""
    alike: dict[tuple[str, datetime, bool, bool], list[int]] = {}
    for row, due_at, missing_key in returned:
        alike.setdefault((row.lease_token, due_at, row.crashes > 0, missing_key is not None), []).append(row.id)
    for (token, due_at, is_suspect, lacks_key), push_ids in alike.items():
        given = {"token": token, "ids": push_ids, "next_at": due_at}
        db.session.execute(statements.GIVE_BACK[is_suspect, lacks_key], given)


def give_back_at_once(rows: Collection[Claimed]) -> None:
    """At a sudden stop: nothing waits for the end of the lease. What was under way may be sent twice, under one tag."""
    begin_write()
    give_back([Returned(row, clock.now()) for row in rows])
    db.session.commit()


_DUE = {is_suspect: statements.due(Claimed._fields, is_suspect=is_suspect) for is_suspect in (False, True)}


def _take(share: Share, moment: datetime, ends_at: datetime) -> list[Claimed]:
    given = {"moment": moment, "token": secrets.token_hex(8)}
    which = {"of_lane": int(share.lane), "of_service": share.service_id, "most": share.most}
    after = {"after_due_at": share.after.due_at, "after_id": share.after.id}
    rows = [Claimed._make(row) for row in _DUE[share.is_suspect].fetch(given | which | after)]
    if share.is_suspect:
        rows = _that_may_share(rows)
    if rows:
        taken = {"ids": [row.id for row in rows], "ends_at": ends_at}
        db.session.execute(statements.TAKE[share.is_suspect], given | taken)
    return rows


def _that_may_share(suspects: list[Claimed]) -> list[Claimed]:
    """Those with one death come first. Whatever a worker died of twice is alone the third time, so that nothing is set
    aside for what another one did."""
    return [row for row in suspects if row.crashes == 1] or suspects[:1]


def _write_answer(push_ids: Sequence[int], one: Settled, moment: datetime) -> None:
    given = {
        "ids": push_ids,
        "ended": str(one.state),
        "why": one.reason,
        "status": one.status,
        "words": one.said,
        "moment": moment,
        "next_at": one.due_at,
    }
    db.session.execute(statements.ANSWER[one.uses_attempt, one.is_short], given)


def _remember_attempts(settled: Sequence[Settled], moment: datetime) -> None:
    """Those that are followed by another one; the last one stands on the row itself. Where nobody was asked, because
    nothing can be encrypted, there is nothing to remember, and it may be the same for a million of them."""
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
        if one.due_at is not None and one.reason != Why.OUR_ENCRYPTION
    ]
    if rows:
        db.session.execute(insert(PushAttempt), rows)


def _count_final(settled: Sequence[Settled]) -> None:
    """Pushes to many are counted as they end; those of one message are few enough to be read."""
    ended = Counter(
        (one.row.kind, one.row.subject_id, one.state)
        for one in settled
        if one.due_at is None and one.row.lane == Lane.BROADCAST
    )
    for (kind, subject_id, state), number in ended.items():
        outbox.count(kind, subject_id, {state: number})
