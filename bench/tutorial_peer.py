"""The peer: a small app that answers `/notifications` the way the well-known tutorials teach it, served as we are.

Each request notes when the person was last seen, and commits that, before it looks for what is new; moments are
floating seconds; SQLite is left as it comes. `TUTORIAL_LAST_SEEN=0` leaves the commit out.
"""

import json
import os
import time
from datetime import UTC, datetime
from typing import Any

from flask import Flask, request
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Float, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, WriteOnlyMapped, mapped_column, relationship

db = SQLAlchemy()
login = LoginManager()


class User(UserMixin, db.Model):  # type: ignore[misc, name-defined]  # neither base has types
    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), index=True, unique=True)
    last_seen: Mapped[datetime | None]
    notifications: WriteOnlyMapped["Notification"] = relationship(back_populates="user")


class Notification(db.Model):  # type: ignore[misc, name-defined]
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    timestamp: Mapped[float] = mapped_column(Float, index=True, default=time.time)
    payload_json: Mapped[str] = mapped_column(Text)
    user: Mapped[User] = relationship(back_populates="notifications")


def create_app() -> Flask:
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "no secret in a measurement"
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{os.environ['TUTORIAL_DATABASE']}"
    db.init_app(app)
    login.init_app(app)
    login.user_loader(_load_user)
    if os.environ.get("TUTORIAL_LAST_SEEN") != "0":
        app.before_request(_note_last_seen)
    app.add_url_rule("/enter/<username>", view_func=_enter)
    app.add_url_rule("/notifications", view_func=login_required(_notifications))
    with app.app_context():
        db.create_all()
    return app


def _load_user(user_id: str) -> User | None:
    return db.session.get(User, int(user_id))


def _note_last_seen() -> None:
    if current_user.is_authenticated:
        current_user.last_seen = datetime.now(UTC)
        db.session.commit()


def _enter(username: str) -> str:
    """In place of a sign-in form: makes the person, with one notification, and signs them in."""
    user = User(username=username)
    db.session.add(user)
    db.session.flush()
    db.session.add(Notification(name="unread_message_count", user_id=user.id, payload_json="1"))
    db.session.commit()
    login_user(user)
    return "Welcome"


def _notifications() -> list[dict[str, Any]]:
    since = request.args.get("since", 0.0, type=float)
    newer: Any = current_user.notifications.select().where(Notification.timestamp > since)
    rows = db.session.scalars(newer.order_by(Notification.timestamp.asc()))
    return [{"name": row.name, "data": json.loads(row.payload_json), "timestamp": row.timestamp} for row in rows]
