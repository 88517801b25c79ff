"""Change a person's named state."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import case

from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import db, insert_or_update
from webpush_app.notifications.models import Notification, NotificationClock


def tick(user_ids: Iterable[int]) -> dict[int, int]:
    """Take these people's clocks, in the order of their ids so that two callers cannot block each other for ever.

    Until the commit nobody else changes their state: what is counted after this stays true.
    """
    return {user_id: _tick_one(user_id) for user_id in sorted(set(user_ids))}


def add_notification(user: User, name: str, data: Any) -> Notification:
    """Replaces the one of that name. Safe when two requests race: one row stays, the later one."""
    db.session.flush()
    return put_notification(user.id, name, data, _tick_one(user.id))


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
    return row


def _tick_one(user_id: int) -> int:
    now = clock.to_microseconds(clock.now())
    next_tick = NotificationClock.ticked_at + 1
    statement = insert_or_update(NotificationClock).values(user_id=user_id, ticked_at=now)
    ticked = statement.on_conflict_do_update(
        index_elements=["user_id"], set_={"ticked_at": case((next_tick > now, next_tick), else_=now)}
    ).returning(NotificationClock.ticked_at)
    moment: int = db.session.execute(ticked).scalar_one()
    return moment


# The tutorials' name for it: `user.add_notification("unread_message_count", user.new_messages())`.
User.add_notification = add_notification
