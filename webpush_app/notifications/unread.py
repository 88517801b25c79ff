"""How people's inboxes stand: how many items are unread, and which. By one query, for one person and for many.

The newest unread items are named, so that a browser knows which of the notifications that it still shows are settled:
those that it would be told of here, and is not.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, Text, and_, bindparam, cast, func, literal, or_, select, union_all

from webpush_app.accounts.models import User
from webpush_app.database import InOneStep, among, db
from webpush_app.notifications.models import InboxItem, InboxMark, NotificationClock
from webpush_app.notifications.service import last_published
from webpush_app.web.languages import DEFAULT

MOST_NAMED = 50


@dataclass(frozen=True)
class Inbox:
    count: int
    newest: int
    """The newest item that was counted, read or not: of later ones this says nothing."""
    unread: list[int]
    """The newest unread ones, newest first; all of them where there are no more than these."""

    def has_read(self, item_id: int) -> bool:
        """As far as is known here. The service worker has the same rule for what it still shows."""
        if item_id > self.newest or item_id in self.unread:
            return False
        return self.count <= len(self.unread) or item_id >= min(self.unread)

    def to_json(self) -> dict[str, Any]:
        return {"count": self.count, "newest": self.newest, "unread": self.unread}


class Standing(NamedTuple):
    inbox: Inbox
    moment: int
    """Of the person's clock: what is newer than this is not in it."""


_NOTHING = Standing(Inbox(0, 0, []), 0)


def inbox_of(user_id: int) -> Inbox:
    return standing_of(user_id).inbox


def standing_of(user_id: int) -> Standing:
    return standings_of([user_id]).get(user_id, _NOTHING)


def standings_of(user_ids: Collection[int]) -> dict[int, Standing]:
    rows = _STANDING.fetch({"reader_ids": list(user_ids)})
    return {row[0]: _Row._make(row).standing() for row in rows}


def read_up_to(user_id: int) -> int:
    """Of what is for many, everything up to this item is read, or is not for them."""
    return int(db.session.execute(_READ_UP_TO, {"reader_id": user_id}).scalar_one())


def is_for(item: Any, person: Any) -> Any:
    """Of what is for many: is it for this person? Who registered later is not told of what was before."""
    reads_it = item.language == func.coalesce(person.locale, DEFAULT)
    return and_(item.user_id.is_(None), or_(item.language.is_(None), reads_it), item.created_at >= person.created_at)


def is_unread_of_many(item: Any, person: Any) -> Any:
    """The same, and not read: for a statement in which the person's clock is joined."""
    marks = select(literal(1)).where(_marks.c.user_id == person.id, _marks.c.item_id == item.id)
    is_marked = marks.correlate_except(_marks).exists()
    return and_(is_for(item, person), item.id > func.coalesce(_clocks.c.read_up_to, 0), ~is_marked)


class _Row(NamedTuple):
    user_id: int
    own: int
    for_many: int
    newest_own: int | None
    newest_for_many: int | None
    unread: str | None
    ticked_at: int | None
    published_at: int

    def standing(self) -> Standing:
        unread = sorted(map(int, self.unread.split(",")), reverse=True) if self.unread else []
        newest = max(self.newest_own or 0, self.newest_for_many or 0)
        return Standing(Inbox(self.own + self.for_many, newest, unread), max(self.ticked_at or 0, self.published_at))


# Tables, not models: a statement that is made while models are still being loaded must not look at all of them.
_users: Any = User.__table__
_clocks: Any = NotificationClock.__table__
_items: Any = InboxItem.__table__
_marks: Any = InboxMark.__table__


def _statement() -> Select[Any]:
    person, item = _users.c, _items.alias().c
    own = and_(item.user_id == person.id, item.read_at.is_(None))
    for_many = is_unread_of_many(item, person)
    ids = union_all(*(select(item.id).where(which).correlate(_users, _clocks) for which in (own, for_many)))
    named = ids.order_by(ids.selected_columns.id.desc()).limit(MOST_NAMED).subquery("named")
    columns = (
        *(select(func.count(item.id)).where(which) for which in (own, for_many)),
        *(select(func.max(item.id)).where(which) for which in (item.user_id == person.id, item.user_id.is_(None))),
        select(func.aggregate_strings(cast(named.c.id, Text), ",")),
    )
    query = select(person.id, *(column.scalar_subquery() for column in columns), _clocks.c.ticked_at, last_published())
    return query.outerjoin(_clocks, _clocks.c.user_id == person.id).where(among(person.id, "reader_ids"))


def _oldest_unread() -> Select[Any]:
    item = _items.alias().c
    oldest = select(func.min(item.id)).where(is_unread_of_many(item, _users.c)).correlate(_users, _clocks)
    newest = select(func.max(item.id)).where(item.user_id.is_(None))
    known = func.coalesce(oldest.scalar_subquery() - 1, newest.scalar_subquery(), 0)
    query = select(known).select_from(_users).outerjoin(_clocks, _clocks.c.user_id == _users.c.id)
    return query.where(_users.c.id == bindparam("reader_id"))


_STANDING = InOneStep(_statement())
_READ_UP_TO = _oldest_unread()
