"""A person's inbox as they read it: their own items and what is for many, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, union_all
from sqlalchemy.orm import aliased

from webpush_app.accounts.models import User
from webpush_app.database import db
from webpush_app.notifications.kinds import Said, kind_named
from webpush_app.notifications.models import InboxItem, InboxMark, NotificationClock
from webpush_app.notifications.unread import is_for
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
    item = aliased(InboxItem)
    directions = [
        _newest(item, user_id, which, offset + limit, unread_only=unread_only).subquery()
        for which in (item.user_id == user_id, is_for(item, User))
    ]
    found = union_all(*(select(direction.c.id, direction.c.is_unread) for direction in directions)).subquery()
    query = select(InboxItem, found.c.is_unread).join(found, found.c.id == InboxItem.id)
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


def _newest(item: Any, user_id: int, which: ColumnElement[bool], most: int, *, unread_only: bool) -> Select[Any]:
    read_up_to = func.coalesce(NotificationClock.read_up_to, 0)
    is_unread = or_(
        and_(item.user_id.is_not(None), item.read_at.is_(None)),
        and_(item.user_id.is_(None), InboxMark.item_id.is_(None), item.id > read_up_to),
    )
    query = select(item.id, is_unread.label("is_unread")).select_from(item).join(User, User.id == user_id)
    query = query.outerjoin(NotificationClock, NotificationClock.user_id == user_id)
    query = query.outerjoin(InboxMark, and_(InboxMark.user_id == user_id, InboxMark.item_id == item.id))
    if unread_only:
        query = query.where(is_unread)
    return query.where(which).order_by(item.id.desc()).limit(most)


def _entries(rows: Sequence[Row[InboxItem, bool]]) -> list[Entry]:
    items = sorted((item for item, _is_unread in rows), key=lambda item: item.kind)
    said: dict[int, Said] = {}
    for kind, of_kind in groupby(items, key=lambda item: item.kind):
        said |= kind_named(kind).describe(list(of_kind))
    return [
        Entry(item.id, item.kind, said.get(item.id) or _withdrawn(), item.created_at, bool(is_unread))
        for item, is_unread in rows
    ]


def _withdrawn() -> Said:
    return Said(_("Withdrawn"), _("What stood here is no longer there."), "")


# The tutorials' name for it.
User.get_unread_notifs = get_unread_notifs
