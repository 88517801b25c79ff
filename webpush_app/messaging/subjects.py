"""Private messages as an admin may see them who looks into what became of a push: who wrote to whom, and when.

Their text is not asked for.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import aliased

from webpush_app.accounts.models import User
from webpush_app.database import db
from webpush_app.delivery.subjects import LARGEST_ID, Subject
from webpush_app.delivery.words import moment
from webpush_app.messaging.composing import KIND
from webpush_app.messaging.models import Message

_author, _recipient = aliased(User), aliased(User)


def find_subjects(message_ids: Collection[int]) -> Mapping[int, Subject]:
    possible = [number for number in message_ids if number <= LARGEST_ID]
    rows = db.session.execute(_messages().where(Message.id.in_(possible)))
    return {row.id: _subject(row) for row in rows}


def recent_subjects(user_id: int, most: int) -> Sequence[Subject]:
    newest = _messages().where(Message.recipient_id == user_id).order_by(Message.id.desc()).limit(most)
    return [_subject(row) for row in db.session.execute(newest)]


def _messages() -> Any:
    columns = (
        *(Message.id, Message.timestamp, Message.read_at, Message.recipient_id),
        _author.username.label("author"),
        _recipient.username.label("reader"),
    )
    query = select(*columns).join(_author, _author.id == Message.sender_id)
    return query.join(_recipient, _recipient.id == Message.recipient_id)


def _subject(row: Any) -> Subject:
    title = _("Message %(number)d from %(author)s to %(reader)s", number=row.id, author=row.author, reader=row.reader)
    facts: tuple[str, ...] = ()
    if row.read_at is not None:
        facts = (_("%(reader)s read it at %(moment)s.", reader=row.reader, moment=moment(row.read_at)),)
    return Subject(KIND, row.id, title, row.timestamp, row.recipient_id, facts)
