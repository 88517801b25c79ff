"""temp"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from webpush_app import clock
from webpush_app.database import db
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.service import turn_off as turn_off


def strike(sent: Collection[int], *, claimed_at: datetime) -> set[int]:
    db.session.execute(
        update(PushSubscription)
        .where(PushSubscription.id.in_(sent), PushSubscription.last_seen_at <= claimed_at)
        .values(
            strikes=PushSubscription.strikes + 1,
            first_strike_at=func.coalesce(PushSubscription.first_strike_at, clock.now()),
        )
    )
    q = select(PushSubscription.id).where(
        PushSubscription.id.in_(sent),
        PushSubscription.strikes >= 3,
        PushSubscription.first_strike_at <= clock.now() - timedelta(hours=24),
    )
    return set(db.session.scalars(q))


def forgive(sent: Collection[int]) -> None:
    db.session.execute(
        update(PushSubscription).where(PushSubscription.id.in_(sent)).values(strikes=0, first_strike_at=None)
    )


def hold(until: Mapping[int, datetime]) -> None:
    for one, moment in until.items():
        db.session.execute(update(PushSubscription).where(PushSubscription.id == one).values(hold_until=moment))
