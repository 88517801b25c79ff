"""What operators watch: the workers there are, and what needs a person."""

from datetime import datetime

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from webpush_app import clock
from webpush_app.database import IDS_ARE_NEVER_REUSED, Base

_OPEN = text("ended_at IS NULL")


class PushWorker(Base):
    """One process that delivers. It says every few seconds that it is alive, and what it has done since its start."""

    __tablename__ = "push_workers"
    __table_args__ = (IDS_ARE_NEVER_REUSED,)

    id: Mapped[int] = mapped_column(primary_key=True)
    # The machine's name and the process's number.
    name: Mapped[str] = mapped_column(String(128))
    started_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    # Null while it runs, and for ever where it was killed.
    ended_at: Mapped[datetime | None]
    # JSON: counters since its start, which `/metrics` adds up.
    counters: Mapped[str] = mapped_column(Text, default="{}")


class OperatorAlert(Base):
    """Something that a person has to look at: one row from its beginning to its end, however many pushes it meets."""

    __tablename__ = "operator_alerts"
    __table_args__ = (
        Index("uq_operator_alerts_open", "kind", "about", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        IDS_ARE_NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    # The push service's host, or the beginning of a key.
    about: Mapped[str] = mapped_column(String(253), default="")
    said: Mapped[str] = mapped_column(String(200), default="")
    raised_at: Mapped[datetime] = mapped_column(default=clock.now)
    ended_at: Mapped[datetime | None]
