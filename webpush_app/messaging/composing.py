"""The text of a push about a private message: who writes, and what. Asked for when it is sent, not before."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from sqlalchemy import select

from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import db
from webpush_app.delivery.composing import Drop, Job
from webpush_app.messaging.models import Message as PrivateMessage
from webpush_app.protocol.message import Message

KIND = "message"


def compose(jobs: Sequence[Job]) -> Mapping[int, Message | Drop]:
    query = (
        select(
            PrivateMessage.id,
            PrivateMessage.recipient_id,
            PrivateMessage.body,
            PrivateMessage.timestamp,
            PrivateMessage.read_at,
            User.username,
        )
        .join(User, User.id == PrivateMessage.sender_id)
        .where(PrivateMessage.id.in_({job.subject_id for job in jobs}))
    )
    found = {row.id: row for row in db.session.execute(query)}
    composed: dict[int, Message | Drop] = {}
    for job in jobs:
        row = found.get(job.subject_id)
        if row is None or row.recipient_id != job.recipient_id:
            composed[job.push_id] = Drop("withdrawn")
        elif row.read_at is not None:
            composed[job.push_id] = Drop("read_already")
        else:
            composed[job.push_id] = Message(
                title=row.username,
                body=row.body,
                url=f"/messages/with/{quote(row.username)}",
                tag=f"message-{row.id}",
                timestamp_ms=clock.to_microseconds(row.timestamp) // 1000,
            )
    return composed
