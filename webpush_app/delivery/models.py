"""The outbox: one row for each push and browser, without its text, in the same database as what it is about.

`due_at` says when somebody has to look at the row again: at the next attempt, or when the lease of its sender ends;
null once it is final. One index holds what is to be done and nothing else, apart for each push service, and the rows of
a worker that died come back by themselves.

No foreign keys and three indexes: with more, writing a large broadcast takes five times as long. A row whose browser or
message is gone is dropped when its turn comes.
"""

from datetime import datetime
from enum import IntEnum, StrEnum

from sqlalchemy import BigInteger, Index, Integer, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from webpush_app import clock
from webpush_app.database import IDS_ARE_NEVER_REUSED, Base

# SQLite numbers rows by itself only where the column is called INTEGER; it holds 64 bits all the same.
BigId = BigInteger().with_variant(Integer, "sqlite")
_DUE = text("due_at IS NOT NULL")


class State(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"  # by the push service; whether it was shown is another question
    FAILED = "failed"
    GONE = "gone"
    EXPIRED = "expired"
    DROPPED = "dropped"  # never sent, and `reason` says why


WAITING = frozenset({State.QUEUED, State.SENDING})
OTHER_KEY = "other_key"  # the reason of what waits because its browser subscribed with a key that is not here
FINAL = frozenset(State) - WAITING


class Lane(IntEnum):
    """What goes first: somebody's message does not wait for a broadcast to a million."""

    PERSONAL = 0
    BROADCAST = 1


class Push(Base):
    __tablename__ = "pushes"
    __table_args__ = (
        Index(
            "ix_pushes_due",
            *("state", "lane", "service_id", "due_at", "id"),
            sqlite_where=_DUE,
            postgresql_where=_DUE,
        ),
        Index("uq_pushes_kind_subject_id_subscription_id", "kind", "subject_id", "subscription_id", unique=True),
        IDS_ARE_NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[int] = mapped_column(BigInteger)
    subscription_id: Mapped[int]
    # The push service of that browser: what one of them holds up must not hold up the others.
    service_id: Mapped[int]
    # Null: for whoever sits at that browser.
    recipient_id: Mapped[int | None]
    lane: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    # How often a worker died or was lost while it had this one.
    crashes: Mapped[int] = mapped_column(SmallInteger, default=0)
    # It was too large once: what is sent has no text any more.
    is_short: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    first_attempt_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    # Whoever holds the lease knows this; a worker that comes back too late does not.
    lease_token: Mapped[str | None] = mapped_column(String(16))
    # The last answer: its number, why the row is in this state, and what the push service said.
    answer_status: Mapped[int | None] = mapped_column(SmallInteger)
    reason: Mapped[str | None] = mapped_column(String(32))
    said: Mapped[str | None] = mapped_column(String(200))
    answered_at: Mapped[datetime | None]


class PushAttempt(Base):
    """An attempt that was not the last, for whoever asks why something came late or never. The last one stands on the
    push itself, so that what succeeds at once costs no second row."""

    __tablename__ = "push_attempts"
    __table_args__ = (Index("ix_push_attempts_push_id", "push_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    push_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(default=clock.now)
    answer_status: Mapped[int | None] = mapped_column(SmallInteger)
    reason: Mapped[str | None] = mapped_column(String(32))
    said: Mapped[str | None] = mapped_column(String(200))
    # When it was to be tried again; null where that was the end of it.
    next_at: Mapped[datetime | None]


class PushTally(Base):
    """How many pushes of a broadcast became what, written beside the rows: counting a million of them takes too long.

    Rows are added and never changed, so that several workers do not wait for each other.
    """

    __tablename__ = "push_tallies"
    __table_args__ = (Index("ix_push_tallies_kind_subject_id", "kind", "subject_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16))
    number: Mapped[int]
