"""What an admin sent to many: its text, for whom, and how far its way into the outbox is."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import IDS_ARE_NEVER_REUSED, Base
from webpush_app.web.sending_keys import STORED_LENGTH

_UNFINISHED = text("fanned_out_at IS NULL")


class Broadcast(Base):
    __tablename__ = "broadcasts"
    __table_args__ = (
        Index("ix_broadcasts_unfinished", "id", sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED),
        Index("uq_broadcasts_author_id_sending_key", "author_id", "sending_key", unique=True),
        IDS_ARE_NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    title: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    link: Mapped[str] = mapped_column(Text)
    audience: Mapped[str] = mapped_column(String(32))
    # How many browsers it was for when it was sent.
    audience_size: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    # Rows are put into the outbox in steps: up to this subscription it is done, and it ends at that one.
    cursor: Mapped[int] = mapped_column(default=0)
    last_subscription_id: Mapped[int]
    fanned_out_at: Mapped[datetime | None]
    # Of the form, or of the program's request: sent again with the same, it is the same broadcast.
    sending_key: Mapped[str | None] = mapped_column(String(STORED_LENGTH))

    author: Mapped[User | None] = relationship()
