"""How a browser stands with its push service, by what that answered: strikes, patience, and the end.

Within the caller's transaction, which commits: the worker's, that settles what was answered, or a command's.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, case, delete, func, literal, or_, select, update

from webpush_app import clock
from webpush_app.database import UtcDateTime, db
from webpush_app.subscriptions.models import Off, PushSubscription, fingerprint_of

# So many refusals, over at least this long, may be the end of one; whoever sends decides.
MOST_STRIKES = 3
STRIKES_OVER = timedelta(hours=24)
# More are not counted: nothing changes by them, and the column holds small numbers.
_UNCOUNTED = 1000
_COUNT = PushSubscription.strikes
# A browser that is gone is kept for a while: who looks for it reads why it got nothing.
GONE_KEPT_FOR = timedelta(days=7)


class SentTo(NamedTuple):
    """A browser, and the address that was sent to: it may have another by now."""

    subscription_id: int
    endpoint: str


def turn_off(sent: Collection[SentTo], because: Off, *, claimed_at: datetime) -> set[int]:
    """After what a push service said, unless the browser has posted again since the push was claimed. Returns those
    that are off by this: of the others it was said of an address, or of keys, that they may have no more."""
    turned_off = db.session.scalars(
        update(PushSubscription)
        .where(*_as_sent_to(sent, claimed_at), PushSubscription.off_at.is_(None))
        .values(off_at=clock.now(), off_because=because)
        .returning(PushSubscription.id)
    )
    return set(turned_off)


def posted_again(sent: Collection[SentTo], claimed_at: datetime) -> set[int]:
    """Of those that a push service does not know any more: what it said was of the address that they had before."""
    ids = [one.subscription_id for one in sent]
    query = select(PushSubscription.id).where(PushSubscription.id.in_(ids), PushSubscription.off_at.is_(None))
    return set(db.session.scalars(query.where(~and_(*_as_sent_to(sent, claimed_at)))))


def strike(sent: Collection[SentTo], claimed_at: datetime) -> dict[int, datetime]:
    """Refused for no reason of the service's: one strike for each time that it is named, unless the browser has posted
    again since the push was claimed. Returns those that have had enough, and when that began."""
    moment = clock.now()
    now = literal(moment, UtcDateTime())
    over: dict[int, datetime] = {}
    for times, some in _by_times(sent).items():
        struck = db.session.execute(
            update(PushSubscription)
            .where(*_as_sent_to(some, claimed_at), PushSubscription.off_at.is_(None))
            .values(
                strikes=case((_COUNT < _UNCOUNTED, _COUNT + times), else_=_COUNT),
                first_strike_at=case((_COUNT == 0, now), else_=func.coalesce(PushSubscription.first_strike_at, now)),
            )
            .returning(PushSubscription.id, PushSubscription.strikes, PushSubscription.first_strike_at)
        )
        over |= {
            subscription_id: first
            for subscription_id, strikes, first in struck
            if strikes >= MOST_STRIKES and first is not None and moment - first >= STRIKES_OVER
        }
    return over


def forgive(subscription_ids: Collection[int]) -> None:
    """A push was accepted: what was before it counts no more."""
    db.session.execute(
        update(PushSubscription)
        .where(PushSubscription.id.in_(subscription_ids), PushSubscription.strikes > 0)
        .values(strikes=0, first_strike_at=None)
    )


def prove(sent: Collection[SentTo], claimed_at: datetime) -> None:
    """A push was accepted: they were made with the key that they named, unless they have posted another since."""
    db.session.execute(
        update(PushSubscription)
        .where(*_as_sent_to(sent, claimed_at), PushSubscription.proven_at.is_(None))
        .values(proven_at=clock.now())
    )


def hold(until: Mapping[int, datetime]) -> None:
    """The push service asked for patience with these; never for less than it asked for before."""
    if until:
        values = [{"held_id": number, "until": moment} for number, moment in sorted(until.items())]
        db.session.connection().execute(_HOLD, values)


def turn_off_old(public: str, subscription_ids: Collection[int]) -> int:
    """Their key of ours is used no more. How many of them were on, and had it still."""
    ended = db.session.execute(
        update(PushSubscription)
        .where(PushSubscription.id.in_(subscription_ids), PushSubscription.off_at.is_(None))
        .where(PushSubscription.vapid_public_key == public)
        .values(off_at=clock.now(), off_because=Off.OLD_KEY)
        .returning(PushSubscription.id)
    )
    return len(ended.all())


def forget_gone(most: int) -> int:
    """Of the browsers that have been gone for long, so many at most; how many were forgotten."""
    is_long_gone = (PushSubscription.off_because == Off.GONE) & (PushSubscription.off_at <= clock.now() - GONE_KEPT_FOR)
    some = select(PushSubscription.id).where(is_long_gone).limit(most)
    # Asked twice: one of them may post again while this waits for its row.
    forgotten = delete(PushSubscription).where(PushSubscription.id.in_(some), is_long_gone)
    return len(db.session.execute(forgotten.returning(PushSubscription.id)).all())


def _as_sent_to(sent: Collection[SentTo], claimed_at: datetime) -> tuple[ColumnElement[bool], ...]:
    """The address is compared as well as the time: who posts is seen a moment before others can read what they posted,
    and by another machine's clock."""
    return (
        PushSubscription.id.in_([one.subscription_id for one in sent]),
        PushSubscription.fingerprint.in_([fingerprint_of(one.endpoint) for one in sent]),
        PushSubscription.last_seen_at <= claimed_at,
    )


def _by_times(sent: Collection[SentTo]) -> dict[int, list[SentTo]]:
    by_times: dict[int, list[SentTo]] = {}
    for one, times in Counter(sent).items():
        by_times.setdefault(times, []).append(one)
    return by_times


_table: Any = PushSubscription.__table__
_HOLD = (
    update(_table)
    .where(_table.c.id == bindparam("held_id"))
    .where(or_(_table.c.hold_until.is_(None), _table.c.hold_until < bindparam("until")))
    .values(hold_until=bindparam("until"))
)
