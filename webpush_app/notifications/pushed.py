"""What a push says of the inbox of the person whose browser it goes to: the item that it is about, and how the inbox
stands. A browser that slept learns by it what was read meanwhile, and closes what it still shows of that.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import BigInteger, CompoundSelect, Text, and_, select, union_all

from webpush_app.accounts.models import User
from webpush_app.database import InOneStep, given_rows
from webpush_app.notifications.models import InboxItem
from webpush_app.notifications.unread import is_for, standings_of


class AboutPush(Protocol):
    """What is asked of a push here."""

    @property
    def push_id(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def subject_id(self) -> int: ...
    @property
    def owner_id(self) -> int | None: ...


def companion(pushes: Sequence[AboutPush]) -> Mapping[int, Mapping[str, object] | None]:
    """By the number of the push; all of them go to browsers of people. None where the person has read it meanwhile. Two
    queries, however many they are."""
    standings = standings_of({push.owner_id for push in pushes if push.owner_id is not None})
    inboxes = {user_id: {"inbox": standing.inbox.to_json()} for user_id, standing in standings.items()}
    items = _items_of(pushes)
    said: dict[int, Mapping[str, object] | None] = {}
    for push in pushes:
        owner_id = push.owner_id or 0
        item, inbox = items.get((owner_id, push.kind, push.subject_id)), inboxes.get(owner_id, {})
        if item and owner_id in standings and standings[owner_id].inbox.has_read(item):
            said[push.push_id] = None
        else:
            said[push.push_id] = {"item": item, **inbox} if item else inbox
    return said


def _items_of(pushes: Sequence[AboutPush]) -> dict[tuple[int | None, str, int], int]:
    """A personal item that was read meanwhile has no number here: nobody is told of it any more. Of what is for many,
    only those it is for are told the number; to others it would be no item."""
    about = {(push.owner_id, push.kind, push.subject_id) for push in pushes}
    return {(row[0], row[1], row[2]): row[3] for row in _ITEMS.fetch({"about": list(about)})}


_items: Any = InboxItem.__table__
_users: Any = User.__table__


def _statement() -> CompoundSelect[Any]:
    """Each by the index of unread items, in which what is for many stays."""
    item, reader = _items.c, _users.c
    about = given_rows("about", reader_id=BigInteger(), kind=Text(), subject_id=BigInteger())
    wanted = select(about.c.reader_id, item.kind, item.subject_id, item.id)
    is_it = and_(item.kind == about.c.kind, item.subject_id == about.c.subject_id, item.read_at.is_(None))
    return union_all(
        wanted.join_from(about, _items, and_(item.user_id == about.c.reader_id, is_it)),
        wanted.join_from(about, _items, and_(item.user_id.is_(None), is_it)).join(
            _users, and_(reader.id == about.c.reader_id, is_for(item, reader))
        ),
    )


_ITEMS = InOneStep(_statement())
