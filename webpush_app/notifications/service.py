"""Change a person's named state."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import case, func, select

from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import after_commit, beside_others, db, insert_or_update
from webpush_app.notifications.models import InboxItem, Notification, NotificationClock
from webpush_app.notifications.waking import Wake

# Of what is for everybody, which has no person's clock to take; see `inbox.publish`.
CLOCKS = "webpush clocks"
# A tick is the first of so many moments that are the caller's: what changes together has an order too.
_MOMENTS = 10


def tick(user_ids: Iterable[int]) -> dict[int, int]:
    """Take these people's clocks, in the order of their ids so that two callers cannot block each other for ever.

    Until the commit nobody else changes their state: what is counted after this stays true.
    """
    beside_others(CLOCKS)
    return {user_id: _tick_one(user_id) for user_id in sorted(set(user_ids))}


def add_notification(user: User, name: str, data: Any) -> Notification:
    """Replaces the one of that name. Safe when two requests race: one row stays, the later one."""
    db.session.flush()
    return put_notification(user.id, name, data, tick([user.id])[user.id])


def put_notification(user_id: int, name: str, data: Any, timestamp: int) -> Notification:
    """The same for who holds the person's clock already, and hands on the tick it gave."""
    statement = insert_or_update(Notification).values(
        user_id=user_id, name=name, payload_json=json.dumps(data), timestamp=timestamp
    )
    replaced = statement.on_conflict_do_update(
        index_elements=["user_id", "name"],
        set_={"payload_json": statement.excluded.payload_json, "timestamp": statement.excluded.timestamp},
    ).returning(Notification)
    row: Notification = db.session.scalars(replaced, execution_options={"populate_existing": True}).one()
    after_commit(Wake(user_id))
    return row


_items: Any = InboxItem.__table__
_published = select(_items.c.published_at).where(_items.c.user_id.is_(None)).order_by(_items.c.id.desc()).limit(1)


def last_published() -> Any:
    """As part of a statement: the place of the newest of what is for many."""
    return func.coalesce(_published.scalar_subquery(), 0)


def _tick_one(user_id: int) -> int:
    """Later than the person's last one, than now, and than whatever was published for everybody."""
    now = clock.to_microseconds(clock.now())
    floor = case((last_published() < now, now), else_=last_published() + 1)
    clocks = insert_or_update(NotificationClock).values(user_id=user_id, ticked_at=floor + _MOMENTS - 1)
    next_one = NotificationClock.ticked_at + _MOMENTS
    first = clocks.excluded.ticked_at
    ticked = clocks.on_conflict_do_update(
        index_elements=["user_id"], set_={"ticked_at": case((next_one > first, next_one), else_=first)}
    ).returning(NotificationClock.ticked_at)
    last: int = db.session.execute(ticked).scalar_one()
    return last - _MOMENTS + 1


# The tutorials' name for it: `user.add_notification("unread_message_count", user.new_messages())`.
User.add_notification = add_notification
