"""The text of a push about a private message: who writes, and what. Asked for when it is sent, not before."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from flask import current_app
from sqlalchemy import select

from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import db
from webpush_app.delivery.composing import Composed, Drop, Job, PutOff
from webpush_app.messaging.models import Message as PrivateMessage
from webpush_app.notifications.presence import looked_at
from webpush_app.protocol.message import Message

KIND = "message"
# Whoever has the conversation open and looks at it reads the message there: at once, or when the page next asks. Then
# the push is dropped. Should that machine have gone to sleep meanwhile, the push comes by so much later.
LOOKED_FOR_AGAIN = timedelta(seconds=2)
_PAGE_NEEDS = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(seconds=30)  # of a page that asks less often than that nobody waits


def conversation_with(user_id: int) -> str:
    """As a place to look at."""
    return f"conversation:{user_id}"


def compose(jobs: Sequence[Job]) -> Mapping[int, Composed]:
    found = _messages({job.subject_id for job in jobs})
    seen = looked_at({job.recipient_id for job in jobs if job.recipient_id is not None})
    composed: dict[int, Composed] = {}
    for job in jobs:
        row = found.get(job.subject_id)
        if row is None or row.recipient_id != job.recipient_id:
            composed[job.push_id] = Drop("withdrawn")
        elif row.read_at is not None:
            composed[job.push_id] = Drop("read_already")
        elif (row.recipient_id, conversation_with(row.sender_id)) in seen and _may_be_read_soon(row):
            composed[job.push_id] = PutOff(clock.now() + LOOKED_FOR_AGAIN)
        else:
            composed[job.push_id] = _text(row)
    return composed


def _messages(message_ids: set[int]) -> dict[int, Any]:
    columns = (
        *(PrivateMessage.id, PrivateMessage.sender_id, PrivateMessage.recipient_id, PrivateMessage.body),
        *(PrivateMessage.timestamp, PrivateMessage.read_at, User.username),
    )
    query = select(*columns).join(User, User.id == PrivateMessage.sender_id)
    return {row.id: row for row in db.session.execute(query.where(PrivateMessage.id.in_(message_ids)))}


def _may_be_read_soon(row: Any) -> bool:
    asks_every = min(timedelta(seconds=current_app.config["POLL_SECONDS"]), _LONGEST_PAUSE)
    return bool(clock.now() < row.timestamp + asks_every + _PAGE_NEEDS)


def _text(row: Any) -> Message:
    return Message(
        title=row.username,
        body=row.body,
        url=f"/messages/with/{quote(row.username)}",
        tag=f"message-{row.id}",
        timestamp_ms=clock.to_microseconds(row.timestamp) // 1000,
    )
