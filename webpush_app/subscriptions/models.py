"""A browser that agreed to be pushed to: a person's, or anybody's who wants the news of the site."""

import hashlib
import json
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, SmallInteger, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import IDS_ARE_NEVER_REUSED, Base
from webpush_app.subscriptions.push_services import PushService


class Off(StrEnum):
    """Why a browser gets nothing for now. It ends when the browser posts a subscription again."""

    SIGNED_OUT = "signed_out"
    GONE = "gone"  # the push service does not know it any more
    UNUSABLE = "unusable"  # nothing can be encrypted to its keys
    REFUSED = "refused"  # its push service refused it again and again, and took what was for others
    OLD_KEY = "old_key"  # made with a key of ours that is not used any more


def fingerprint_of(endpoint: str) -> str:
    """What an endpoint is found and compared by, here and in the page."""
    return hashlib.sha256(endpoint.encode("utf-8", "surrogatepass")).hexdigest()


class PushSubscription(Base):
    __tablename__ = "push_subscriptions"
    __table_args__ = (
        Index("ix_push_subscriptions_address_created_at", "address", "created_at"),
        # Of those that are off, for who forgets the ones that have been gone for long. It costs the others nothing.
        Index(
            "ix_push_subscriptions_off",
            *("off_because", "off_at"),
            sqlite_where=text("off_at IS NOT NULL"),
            postgresql_where=text("off_at IS NOT NULL"),
        ),
        IDS_ARE_NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # Null: nobody was signed in. Such a browser gets broadcasts only.
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    # The session it was posted in. Not a foreign key: it is compared with sessions that have just been ended.
    login_session_id: Mapped[int | None] = mapped_column(index=True)
    # SHA-256 of the endpoint. The endpoint itself is a secret, and too long to be indexed everywhere.
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    endpoint: Mapped[str] = mapped_column(Text)
    # The push service that the endpoint belongs to.
    service_id: Mapped[int] = mapped_column(ForeignKey("push_services.id"))
    p256dh: Mapped[str] = mapped_column(String(96))
    auth: Mapped[str] = mapped_column(String(32))
    # The public key of ours it was made with: a push signed with any other is refused.
    vapid_public_key: Mapped[str] = mapped_column(String(96))
    browser: Mapped[str] = mapped_column(String(64), default="")
    locale: Mapped[str] = mapped_column(String(8))
    # Of a stranger's browser: how many come from one address is limited.
    address: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    off_at: Mapped[datetime | None]
    off_because: Mapped[str | None] = mapped_column(String(16))
    # Its push service asked for patience with this one: nothing is sent to it before that.
    hold_until: Mapped[datetime | None]
    # How often in a row it was refused for no reason of the service's, and since when.
    strikes: Mapped[int] = mapped_column(SmallInteger, default=0)
    first_strike_at: Mapped[datetime | None]
    # When a push was first accepted for it as it is now. Until then only its own word says which key it was made with.
    proven_at: Mapped[datetime | None]

    service: Mapped[PushService] = relationship()
    user: Mapped[User | None] = relationship()

    @property
    def subscription_json(self) -> str:
        """As the browser gave it, and as the tutorials store it."""
        return json.dumps({"endpoint": self.endpoint, "keys": {"p256dh": self.p256dh, "auth": self.auth}})

    def __repr__(self) -> str:
        return f"<PushSubscription {self.id}>"
