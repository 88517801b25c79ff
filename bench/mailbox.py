"""A database full of messages: the product's own table as the migrations make it, and the tutorials' beside it.

Every message to susan is from john, every tenth is answered, and the last twenty are unread. Over the whole time mary,
who has been away since the beginning, got twenty messages: all unread, spread evenly among the others.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import DateTime, Integer, Text, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.figures import tell
from webpush_app import config, start
from webpush_app.accounts import service
from webpush_app.database import begin_write, db

UNREAD = 20
BEGINNING = datetime(2025, 1, 1)  # noqa: DTZ001 - the tutorials' moments know no zone
_BODY = "'Message number ' || n || ', about as long as what people write to each other in a chat.'"
_MOMENT = f"strftime('%Y-%m-%d %H:%M:%f', '{BEGINNING}', '+' || n || ' seconds') || '000'"


class TutorialBase(DeclarativeBase):
    """Not the product's: its tables are no business of the migrations."""


class TutorialMessage(TutorialBase):
    """Indexed by time alone, as the tutorials had it for years."""

    __tablename__ = "tutorial_messages"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    sender_id: Mapped[int] = mapped_column(Integer)
    recipient_id: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    timestamp: Mapped[datetime] = mapped_column(DateTime, index=True)


@dataclass(frozen=True)
class Mailbox:
    app: Flask
    received: int
    susan: int
    john: int
    mary: int

    @property
    def susan_last_read(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.received - UNREAD)


@contextmanager
def opened(folder: Path, received: int) -> Iterator[Mailbox]:
    """The mailbox of that size, filled unless it was before, within an app context."""
    is_new = not folder.exists()
    app = start.prepare(config.load({"INSTANCE_PATH": str(folder)}))
    with app.app_context():
        if is_new:
            _fill(received)
        found = [service.get_user(name).id for name in ("susan", "john", "mary")]
        yield Mailbox(app, received, *found)
        db.session.remove()
        db.engine.dispose()


def count_as_the_tutorials(user_id: int, last_read: datetime) -> int:
    newer = (TutorialMessage.recipient_id == user_id, TutorialMessage.timestamp > last_read)
    return db.session.scalar(select(func.count()).select_from(TutorialMessage).where(*newer)) or 0


def index_people_too() -> None:
    """The tutorials' newer form, with an index on each foreign key as well. In this database alone: the model, from
    which the next one is made, stays as it is."""
    begin_write()
    for column in ("sender_id", "recipient_id"):
        _execute(f"CREATE INDEX IF NOT EXISTS ix_tutorial_messages_{column} ON tutorial_messages ({column})")
    db.session.commit()


def _fill(received: int) -> None:
    tell(f"writing {received:,} messages, twice …")
    begin_write()
    susan, john, mary = (service.create_user(name, "no password").id for name in ("susan", "john", "mary"))
    was_read = f"iif(n <= {received - UNREAD}, {_MOMENT}, NULL)"
    _write(received, f"3 * n, {john}, {susan}, {_BODY}, {_MOMENT}, {was_read}", every=1)
    _write(received, f"3 * n + 1, {susan}, {john}, {_BODY}, {_MOMENT}, {_MOMENT}", every=10)
    _write(received, f"3 * n + 2, {john}, {mary}, {_BODY}, {_MOMENT}, NULL", every=received // UNREAD)
    TutorialBase.metadata.create_all(db.session.connection())
    columns = "id, sender_id, recipient_id, body, timestamp"
    _execute(f"INSERT INTO tutorial_messages ({columns}) SELECT {columns} FROM messages")
    db.session.commit()


def _write(most: int, values: str, *, every: int) -> None:
    numbers = f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {most})"
    columns = "id, sender_id, recipient_id, body, timestamp, read_at"
    _execute(f"INSERT INTO messages ({columns}) {numbers} SELECT {values} FROM numbers WHERE n % {every} = 0")


def _execute(statement: str) -> None:
    db.session.connection().exec_driver_sql(statement)
