"""A person's inbox as they read it: their own items and what is for many, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Row, Select, and_, case, func, select, union_all
from sqlalchemy.orm import aliased

from webpush_app.accounts.models import User
from webpush_app.database import db
from webpush_app.notifications.kinds import Said, kind_named
from webpush_app.notifications.models import InboxItem, InboxMark, NotificationClock
from webpush_app.notifications.unread import is_for, is_unread_of_many
from webpush_app.web.paging import Page, cut, window
from webpush_app.web.times import in_words

_MOST_FOR_TUTORIALS = 200


@dataclass(frozen=True)
class Entry:
    id: int
    kind: str
    said: Said
    created_at: datetime
    is_unread: bool


def list_inbox(user_id: int, page: int, size: int, *, unread_only: bool = False) -> Page[Entry]:
    """Two directions, each read off its own index, and merged."""
    offset, limit = window(page, size)
    directions = [ids.limit(offset + limit).subquery() for ids in _directions(user_id, unread_only=unread_only)]
    found = union_all(*(select(direction.c.id) for direction in directions)).subquery()
    is_read = case(
        (InboxItem.user_id.is_not(None), InboxItem.read_at.is_not(None)),
        else_=InboxMark.item_id.is_not(None) | (InboxItem.id <= func.coalesce(NotificationClock.read_up_to, 0)),
    )
    query = select(InboxItem, is_read).join(found, found.c.id == InboxItem.id)
    query = query.outerjoin(NotificationClock, NotificationClock.user_id == user_id)
    query = query.outerjoin(InboxMark, and_(InboxMark.user_id == user_id, InboxMark.item_id == InboxItem.id))
    rows = db.session.execute(query.order_by(InboxItem.id.desc()).offset(offset).limit(limit)).all()
    return cut(_entries(rows), page, size)


def get_unread_notifs(user: User, reverse: bool = False) -> list[dict[str, Any]]:
    """What the tutorials' pages list, oldest first: of a great many the newest."""
    entries = list_inbox(user.id, 1, _MOST_FOR_TUTORIALS, unread_only=True).items
    listed = [
        {
            "id": entry.id,
            "title": entry.said.title,
            "text": entry.said.text,
            "url": entry.said.url,
            "received_at": in_words(entry.created_at),
            "mark_read": f"/inbox/{entry.id}/read",
        }
        for entry in entries
    ]
    return listed if reverse else listed[::-1]


def _directions(user_id: int, *, unread_only: bool) -> tuple[Select[int], Select[int]]:
    """The ids of their own, and of what is for many. Where only unread ones are wanted, others are not looked at: there
    may be any number of them."""
    item = aliased(InboxItem)
    own = select(item.id).where(item.user_id == user_id)
    of_many = select(item.id).join(User, User.id == user_id)
    of_many = of_many.outerjoin(NotificationClock, NotificationClock.user_id == User.id)
    if unread_only:
        own, of_many = own.where(item.read_at.is_(None)), of_many.where(is_unread_of_many(item, User))
    return own.order_by(item.id.desc()), of_many.where(is_for(item, User)).order_by(item.id.desc())


def _entries(rows: Sequence[Row[InboxItem, bool]]) -> list[Entry]:
    items = sorted((item for item, _is_read in rows), key=lambda item: item.kind)
    said: dict[int, Said] = {}
    for kind, of_kind in groupby(items, key=lambda item: item.kind):
        said |= kind_named(kind).describe(list(of_kind))
    return [
        Entry(item.id, item.kind, said.get(item.id) or _withdrawn(), item.created_at, not is_read)
        for item, is_read in rows
    ]


def _withdrawn() -> Said:
    return Said(_("Withdrawn"), _("What stood here is no longer there."), "")


# The tutorials' name for it.
User.get_unread_notifs = get_unread_notifs
