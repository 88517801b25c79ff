"""A person's named state, and the person's own clock that puts its changes in order.

The clock is a row, because wall clocks step back and two processes may commit in another order than they began. Who
changes a person's state takes the row first, so the changes of one person happen one after the other, everywhere.
"""

import json
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webpush_app.database import Base


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
