"""Private messages as items of the inbox."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from sqlalchemy import select

from webpush_app.accounts.models import User
from webpush_app.database import db
from webpush_app.messaging import service
from webpush_app.messaging.models import Message
from webpush_app.notifications.kinds import Kind, Said
from webpush_app.notifications.models import InboxItem


def describe(items: Sequence[InboxItem]) -> Mapping[int, Said]:
    query = select(Message.id, Message.recipient_id, Message.body, User.username)
    query = query.join(User, User.id == Message.sender_id)
    rows = db.session.execute(query.where(Message.id.in_({item.subject_id for item in items})))
    found = {(row.id, row.recipient_id): row for row in rows}
    said: dict[int, Said] = {}
    for item in items:
        row = found.get((item.subject_id, item.user_id))
        if row is not None:
            # Written out: it is also asked for in `flask shell`, where no request says how addresses begin.
            address = f"/messages/with/{quote(row.username)}"
            said[item.id] = Said(row.username, row.body, address, author=row.username)
    return said


MESSAGES = Kind(describe, service.note_read)
