"""A private message. `read_at` is the truth about reading; null means unread."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, WriteOnlyMapped, mapped_column, relationship

from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import IDS_ARE_NEVER_REUSED, Base
from webpush_app.web.sending_keys import STORED_LENGTH

_UNREAD = text("read_at IS NULL")


class Message(Base):
    __tablename__ = "messages"
    __table_args__ = (
        # Only unread rows are in it, so counting them costs the same below ten read messages and below a million.
        # `read_at` is always null in there; with it SQLite answers from the index alone.
        Index(
            "ix_messages_unread", "recipient_id", "sender_id", "read_at", sqlite_where=_UNREAD, postgresql_where=_UNREAD
        ),
        Index("ix_messages_recipient_id_id", "recipient_id", "id"),
        Index("ix_messages_sender_id_recipient_id_id", "sender_id", "recipient_id", "id"),
        Index("ix_messages_sender_id_id", "sender_id", "id"),
        Index("uq_messages_sender_id_sending_key", "sender_id", "sending_key", unique=True),
        IDS_ARE_NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sender_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    recipient_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    body: Mapped[str] = mapped_column(Text)
    timestamp: Mapped[datetime] = mapped_column(default=clock.now)
    read_at: Mapped[datetime | None]
    # Of the form that it was sent with: sent again with the same, it is the same message. Null where no form was used.
    sending_key: Mapped[str | None] = mapped_column(String(STORED_LENGTH))

    author: Mapped[User] = relationship(foreign_keys=[sender_id], back_populates="messages_sent")
    recipient: Mapped[User] = relationship(foreign_keys=[recipient_id], back_populates="messages_received")

    def __repr__(self) -> str:
        return f"<Message {self.id}>"


# The tutorials' names, attached by the package that owns them.
_sent: WriteOnlyMapped[Message] = relationship(
    Message, foreign_keys=[Message.sender_id], back_populates="author", lazy="write_only", passive_deletes=True
)
_received: WriteOnlyMapped[Message] = relationship(
    Message, foreign_keys=[Message.recipient_id], back_populates="recipient", lazy="write_only", passive_deletes=True
)
User.messages_sent = _sent
User.messages_received = _received
