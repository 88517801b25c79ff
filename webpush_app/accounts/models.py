"""People, their sessions, failed sign-ins, and the few facts of the whole site that an admin gives."""

from datetime import datetime
from typing import Any, ClassVar, Optional

from flask_login import UserMixin
from sqlalchemy import ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from webpush_app import clock
from webpush_app.accounts import passwords
from webpush_app.database import IDS_ARE_NEVER_REUSED, Base


class User(UserMixin, Base):
    """A person. `messages_sent`, `add_notification` and their like are attached by the packages that own them."""

    __tablename__ = "users"
    __table_args__ = IDS_ARE_NEVER_REUSED

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(32))
    # The name without regard to case: what is unique, and what people are found by.
    username_key: Mapped[str] = mapped_column(String(32), unique=True)
    password_hash: Mapped[str] = mapped_column(String(256))
    about_me: Mapped[str] = mapped_column(Text, default="")
    locale: Mapped[str | None] = mapped_column(String(8))
    is_admin: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_seen: Mapped[datetime | None]
    last_message_read_time: Mapped[datetime | None]

    sessions: Mapped[list["LoginSession"]] = relationship(back_populates="user", passive_deletes=True)

    # The session this request came with; Flask-Login's id is the session's, so that ending it signs that browser out.
    login_session: ClassVar[Optional["LoginSession"]] = None
    login_token: ClassVar[str | None] = None

    @validates("username")
    def _keep_key(self, _name: str, username: str) -> str:
        self.username_key = username.lower()
        return username

    def set_password(self, password: str) -> None:
        self.password_hash = passwords.hash_password(password)

    def check_password(self, password: str) -> bool:
        return passwords.is_right(self.password_hash, password)

    def get_id(self) -> Any:
        return self.login_token

    def __repr__(self) -> str:
        return f"<User {self.username}>"


class LoginSession(Base):
    """One browser in which a person is signed in. The cookie holds a token; here is only its hash."""

    __tablename__ = "login_sessions"
    __table_args__ = IDS_ARE_NEVER_REUSED

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser: Mapped[str] = mapped_column(String(64), default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    is_remembered: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    last_seen: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    user: Mapped[User] = relationship(back_populates="sessions")


class LoginFailure(Base):
    """A try at a password that failed, kept for as long as it slows the next one down; or one that is undecided."""

    __tablename__ = "login_failures"
    __table_args__ = (
        Index("ix_login_failures_account_at", "account", "at"),
        Index("ix_login_failures_address_at", "address", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    # The password is being looked at.
    is_undecided: Mapped[bool] = mapped_column(default=False, server_default=false())


class KnownAddress(Base):
    """Where somebody has signed in before. A stranger elsewhere cannot make them wait there."""

    __tablename__ = "known_addresses"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    last_used: Mapped[datetime]


class SiteFact(Base):
    """Something the whole installation knows: the contact address for push services, the first admin's link."""

    __tablename__ = "site_facts"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
