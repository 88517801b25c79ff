"""Send, read and count private messages. Callers have begun a writing transaction where one is needed, and commit."""

from collections.abc import Collection

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select, union_all, update
from sqlalchemy.orm import joinedload

from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import among, db, insert_unless_there
from webpush_app.delivery.outbox import enqueue_for_person
from webpush_app.errors import NotAllowed
from webpush_app.messaging import composing
from webpush_app.messaging.models import Message
from webpush_app.notifications import inbox
from webpush_app.notifications.service import put_notification, tick
from webpush_app.web.paging import Page, cut, window
from webpush_app.web.sending_keys import bound

UNREAD_MESSAGE_COUNT = "unread_message_count"


def send_message(author: User, recipient: User, body: str, *, sending_key: str | None = None) -> Message:
    """With the key of a form it is safe to repeat: the same text to the same person is stored and pushed once."""
    check_may_send(author, recipient)
    key = None if sending_key is None else bound(sending_key, recipient.id, body)
    moment = tick([recipient.id])[recipient.id]  # from here on the recipient's messages stand still until the commit
    values = {"sender_id": author.id, "recipient_id": recipient.id, "body": body, "sending_key": key}
    message = insert_unless_there(Message, ("sender_id", "sending_key"), **values)
    if message is None:
        return db.session.scalars(select(Message).filter_by(sender_id=author.id, sending_key=key)).one()
    put_notification(recipient.id, UNREAD_MESSAGE_COUNT, count_unread(recipient.id), moment)
    inbox.add_item(recipient.id, composing.KIND, message.id, moment)
    enqueue_for_person(composing.KIND, message.id, recipient.id)
    return message


def check_may_send(author: User, recipient: User) -> None:
    if author.id == recipient.id:
        raise NotAllowed(_("This is you. Messages go to other people; you find them under People."))


def count_unread(user_id: int) -> int:
    query = select(func.count()).where(Message.recipient_id == user_id, Message.read_at.is_(None))
    return db.session.scalar(query) or 0


def read_all(user: User) -> frozenset[int]:
    """A visit to `/messages`: everything received is read. Returns what was new."""
    user.last_message_read_time = clock.now()
    db.session.flush()  # the person before their clock, as when a browser subscribes: or two could wait for each other
    moment = tick([user.id])[user.id]
    return _read(user.id, moment)


def read_conversation(user: User, other: User) -> frozenset[int]:
    moment = tick([user.id])[user.id]
    return _read(user.id, moment, Message.sender_id == other.id)


def note_read(user_id: int, message_ids: Collection[int], moment: int) -> None:
    """They were read in the inbox, whose own items are settled already. Those that are gone count no more either."""
    if not _mark_read(user_id, moment, among(Message.id, "message_ids"), message_ids=list(message_ids)):
        put_notification(user_id, UNREAD_MESSAGE_COUNT, count_unread(user_id), moment)


def list_received(user_id: int, page: int, size: int) -> Page[Message]:
    offset, limit = window(page, size)
    query = select(Message).where(Message.recipient_id == user_id).options(joinedload(Message.author))
    rows = db.session.scalars(query.order_by(Message.id.desc()).offset(offset).limit(limit)).all()
    return cut(rows, page, size)


def list_sent(user_id: int, page: int, size: int) -> Page[Message]:
    offset, limit = window(page, size)
    query = select(Message).where(Message.sender_id == user_id).options(joinedload(Message.recipient))
    rows = db.session.scalars(query.order_by(Message.id.desc()).offset(offset).limit(limit)).all()
    return cut(rows, page, size)


def list_conversation(user_id: int, other_id: int, page: int, size: int) -> Page[Message]:
    """Newest first. Each direction is read off its own index and merged: an OR would sort the whole conversation."""
    offset, limit = window(page, size)
    directions = [
        select(Message.id)
        .where(Message.sender_id == sender, Message.recipient_id == recipient)
        .order_by(Message.id.desc())
        .limit(offset + limit)
        .subquery()
        for sender, recipient in ((user_id, other_id), (other_id, user_id))
    ]
    ids = union_all(*(select(direction.c.id) for direction in directions)).subquery()
    query = select(Message).join(ids, ids.c.id == Message.id).order_by(Message.id.desc())
    return cut(db.session.scalars(query.offset(offset).limit(limit)).all(), page, size)


def _read(user_id: int, moment: int, *which: ColumnElement[bool]) -> frozenset[int]:
    ids = _mark_read(user_id, moment, *which)
    if ids:
        inbox.settle(user_id, composing.KIND, ids, moment)
    return ids


def _mark_read(user_id: int, moment: int, *which: ColumnElement[bool], **given: list[int]) -> frozenset[int]:
    marked = (
        update(Message)
        .where(Message.recipient_id == user_id, Message.read_at.is_(None), *which)
        .values(read_at=clock.now())
        .returning(Message.id)
    )
    ids = frozenset(db.session.scalars(marked, given).all())
    if ids:
        put_notification(user_id, UNREAD_MESSAGE_COUNT, count_unread(user_id), moment)
    return ids


def new_messages(user: User) -> int:
    return count_unread(user.id)


# The tutorials' name for it.
User.new_messages = new_messages
