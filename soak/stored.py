"""What the database holds when all is over, asked by the product's own models: on SQLite and PostgreSQL alike."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select

from webpush_app import config
from webpush_app.accounts.models import User
from webpush_app.broadcasts import service as broadcasts
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import db
from webpush_app.delivery.models import Push
from webpush_app.factory import create_app
from webpush_app.messaging import composing
from webpush_app.messaging.models import Message
from webpush_app.messaging.service import UNREAD_MESSAGE_COUNT, count_unread
from webpush_app.notifications.models import Notification


class Stored:
    """Of these people alone: the database may hold others."""

    def __init__(self, names: Sequence[str]) -> None:
        self._people = list(db.session.scalars(select(User.id).where(User.username.in_(names))))

    def messages(self) -> list[tuple[str, datetime]]:
        """Every text and when it was stored, oldest first."""
        query = select(Message.body, Message.timestamp).where(self._is_theirs()).order_by(Message.id)
        return [(row.body, row.timestamp) for row in db.session.execute(query)]

    def halves(self) -> int:
        """Messages without their push, and pushes without their message."""
        push = exists().where(Push.kind == composing.KIND, Push.subject_id == Message.id)
        message = exists().where(Message.id == Push.subject_id)
        theirs = Push.recipient_id.in_(self._people), Push.kind == composing.KIND
        without_push = select(func.count()).select_from(Message).where(self._is_theirs(), ~push)
        without_message = select(func.count()).select_from(Push).where(*theirs, ~message)
        return self._count(without_push) + self._count(without_message)

    def broadcast_pushes(self, author: str) -> int:
        """Rows of the outbox, of every broadcast of this admin."""
        theirs = select(Broadcast.id).join(User, User.id == Broadcast.author_id).where(User.username == author)
        rows = select(func.count()).select_from(Push).where(Push.kind == broadcasts.KIND, Push.subject_id.in_(theirs))
        return self._count(rows)

    def wrong_counts(self) -> int:
        """People whose open pages show another number than there are unread messages."""
        query = select(Notification).where(
            Notification.user_id.in_(self._people), Notification.name == UNREAD_MESSAGE_COUNT
        )
        shown = {row.user_id: row.get_data() for row in db.session.scalars(query)}
        return sum(shown.get(person, 0) != count_unread(person) for person in self._people)

    def _is_theirs(self) -> ColumnElement[bool]:
        return Message.sender_id.in_(self._people)

    def _count(self, query: Select[Any]) -> int:
        return db.session.scalar(query) or 0


@contextmanager
def stored(folder: Path, settings: dict[str, str], names: Sequence[str]) -> Iterator[Stored]:
    app = create_app(config.load({"INSTANCE_PATH": str(folder), **settings}))
    with app.app_context():
        yield Stored(names)
        db.session.remove()
        db.engine.dispose()
