"""A person's named state and inbox, and the person's own clock that puts their changes in order; who looks at what; and
how often a session may still open sockets.

The clock is a row, because wall clocks step back and two processes may commit in another order than they began. Who
changes a person's state takes the row first, so the changes of one person happen one after the other, everywhere.
"""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webpush_app import clock
from webpush_app.database import IDS_ARE_NEVER_REUSED, Base

# SQLite numbers rows by itself only where the column is called INTEGER; it holds 64 bits all the same.
_BigId = BigInteger().with_variant(Integer, "sqlite")
_UNREAD = text("read_at IS NULL")
_FOR_MANY = text("user_id IS NULL")


class Notification(Base):
    __tablename__ = "notifications"
    __table_args__ = (
        Index("uq_notifications_user_id_name", "user_id", "name", unique=True),
        Index("ix_notifications_user_id_timestamp", "user_id", "timestamp"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(128))
    payload_json: Mapped[str] = mapped_column(Text)
    # Microseconds since 1970: whole numbers compare exactly, floating seconds do not.
    timestamp: Mapped[int] = mapped_column(BigInteger)

    def get_data(self) -> Any:
        return json.loads(self.payload_json)


class NotificationClock(Base):
    __tablename__ = "notification_clocks"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    ticked_at: Mapped[int] = mapped_column(BigInteger)
    # Of what is for many, everything up to this item is read; what is read beyond it has a mark of its own.
    read_up_to: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class InboxItem(Base):
    """Something a person is told. What it says stands where it belongs, with the message or the broadcast: here is only
    which one, for whom, and whether it was read.

    Without a person it is for many: everybody, or all who read that language. Then who has read it stands in
    `inbox_marks` and in the person's clock, so that a broadcast is one row, whatever the number of people.
    """

    __tablename__ = "inbox_items"
    __table_args__ = (
        Index("ix_inbox_items_user_id_id", "user_id", "id"),
        # Only unread rows are in these two, so that they stay small.
        Index("ix_inbox_items_unread", "user_id", "id", sqlite_where=_UNREAD, postgresql_where=_UNREAD),
        Index(
            "ix_inbox_items_unread_subject",
            *("user_id", "kind", "subject_id"),
            sqlite_where=_UNREAD,
            postgresql_where=_UNREAD,
        ),
        # Their ids and their places have the same order: the newest is found at its end.
        Index("ix_inbox_items_for_many", "id", "published_at", sqlite_where=_FOR_MANY, postgresql_where=_FOR_MANY),
        IDS_ARE_NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(_BigId, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    language: Mapped[str | None] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[int] = mapped_column(BigInteger)
    # What it says, where that stands nowhere else.
    data_json: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    read_at: Mapped[datetime | None]
    # Of what is for many: its place among the ticks of everybody's clock.
    published_at: Mapped[int | None] = mapped_column(BigInteger)

    def get_data(self) -> Any:
        return json.loads(self.data_json or "null")


class InboxMark(Base):
    """A person has read something that is for many."""

    __tablename__ = "inbox_marks"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("inbox_items.id", ondelete="CASCADE"), primary_key=True)
    read_at: Mapped[datetime] = mapped_column(default=clock.now)


class Presence(Base):
    """In this browser somebody has this open and looks at it."""

    __tablename__ = "presences"
    __table_args__ = (Index("ix_presences_user_id", "user_id"),)

    login_session_id: Mapped[int] = mapped_column(ForeignKey("login_sessions.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[str] = mapped_column(String(40), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    until: Mapped[datetime]


class TurnstileRow(Base):
    """When a login session will have all its turns at opening sockets again, in microseconds since 1970. Nothing is
    lost with it: on PostgreSQL the table is not logged, and empty after a crash."""

    __tablename__ = "turnstiles"

    session_digest: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    full_at: Mapped[int] = mapped_column(BigInteger)
