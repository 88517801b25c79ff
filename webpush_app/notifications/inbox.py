"""Put items into inboxes, and read them. Callers have begun a writing transaction, and commit.

Whatever changes somebody's inbox holds that person's clock, and tells their open pages how it stands afterwards.
"""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update

from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.accounts.service import language_changed
from webpush_app.database import after_commit, alone, among, db, insert_or_update
from webpush_app.errors import NotFound
from webpush_app.notifications.kinds import Said, kind_named
from webpush_app.notifications.models import InboxItem, InboxMark, NotificationClock
from webpush_app.notifications.service import CLOCKS, last_published, put_notification, tick
from webpush_app.notifications.unread import inbox_of, is_for, read_up_to
from webpush_app.notifications.waking import wake_everybody
from webpush_app.web.error_pages import message_for

INBOX = "inbox"


def add_item(user_id: int, kind: str, subject_id: int, moment: int, *, data: Any = None) -> None:
    """For one person, whose clock the caller holds."""
    stored = None if data is None else json.dumps(data)
    db.session.execute(
        insert(InboxItem).values(
            user_id=user_id, kind=kind, subject_id=subject_id, data_json=stored, created_at=clock.now()
        )
    )
    _tell(user_id, moment)


def publish(kind: str, subject_id: int, *, language: str | None = None) -> None:
    """For everybody with an account, or for all who read that language: one row.

    It has its place among the ticks of all clocks: later than what anybody was told before, and earlier than what they
    are told next. So nobody's clock ticks meanwhile, and a page that asks for what is newer misses nothing.
    """
    alone(CLOCKS)
    latest = func.coalesce(select(func.max(NotificationClock.ticked_at)).scalar_subquery(), 0)
    before = max(db.session.execute(select(latest, last_published())).one())
    now = clock.now()
    db.session.execute(
        insert(InboxItem).values(
            kind=kind,
            subject_id=subject_id,
            language=language,
            created_at=now,
            published_at=max(clock.to_microseconds(now), before + 1),
        )
    )
    after_commit(wake_everybody)


def settle(user_id: int, kind: str, subject_ids: Collection[int], moment: int) -> None:
    """They were read where they stand."""
    _read(user_id, InboxItem.kind == kind, among(InboxItem.subject_id, "settled"), settled=list(subject_ids))
    _tell(user_id, moment)


def read_item(user: User, item_id: int) -> InboxItem:
    """Read in the inbox, or by a click that leads to it."""
    moment = tick([user.id])[user.id]
    item = db.session.get(InboxItem, item_id)
    if item is None or not _is_theirs(item, user):
        raise NotFound(message_for(404))
    if item.user_id is None:
        _mark(user.id, item.id)
    else:
        _note_read(user.id, _read(user.id, InboxItem.id == item_id), moment)
    _tell(user.id, moment)
    return item


def read_everything(user: User) -> None:
    moment = tick([user.id])[user.id]
    _note_read(user.id, _read(user.id), moment)
    newest = select(func.coalesce(func.max(InboxItem.id), 0)).where(InboxItem.user_id.is_(None))
    _note_read_up_to(user.id, db.session.execute(newest).scalar_one())
    _tell(user.id, moment)


def tell_anew(_sender: Any, *, user_id: int) -> None:
    """What is for many is for them, or is not, by the language they read."""
    _tell(user_id, tick([user_id])[user_id])


def describe(item: InboxItem) -> Said | None:
    return kind_named(item.kind).describe([item]).get(item.id)


def _is_theirs(item: InboxItem, user: User) -> bool:
    if item.user_id is not None:
        return item.user_id == user.id
    found = select(InboxItem.id).join(User, User.id == user.id).where(InboxItem.id == item.id, is_for(InboxItem, User))
    return db.session.scalar(found) is not None


def _mark(user_id: int, item_id: int) -> None:
    mark = insert_or_update(InboxMark).values(user_id=user_id, item_id=item_id, read_at=clock.now())
    db.session.execute(mark.on_conflict_do_nothing(index_elements=["user_id", "item_id"]))
    # Only beyond the oldest unread one is a mark needed: who reads what comes has none, and nothing to look through.
    _note_read_up_to(user_id, read_up_to(user_id))


def _note_read_up_to(user_id: int, item_id: int) -> None:
    """Nothing is published meanwhile: the caller holds a clock."""
    clocks = update(NotificationClock).where(NotificationClock.user_id == user_id)
    db.session.execute(clocks.values(read_up_to=item_id))
    db.session.execute(delete(InboxMark).where(InboxMark.user_id == user_id, InboxMark.item_id <= item_id))


def _read(user_id: int, *which: ColumnElement[bool], **given: list[int]) -> dict[str, list[int]]:
    """The subjects of those that were unread, by kind."""
    read = (
        update(InboxItem)
        .where(InboxItem.user_id == user_id, InboxItem.read_at.is_(None), *which)
        .values(read_at=clock.now())
        .returning(InboxItem.kind, InboxItem.subject_id)
    )
    subjects: dict[str, list[int]] = {}
    for kind, subject_id in db.session.execute(read, given):
        subjects.setdefault(kind, []).append(subject_id)
    return subjects


def _note_read(user_id: int, subjects: dict[str, list[int]], moment: int) -> None:
    for kind, subject_ids in subjects.items():
        kind_named(kind).note_read(user_id, subject_ids, moment)


def _tell(user_id: int, moment: int) -> None:
    """One moment later than what it follows from, which is told first."""
    put_notification(user_id, INBOX, inbox_of(user_id).to_json(), moment + 1)


language_changed.connect(tell_anew)
