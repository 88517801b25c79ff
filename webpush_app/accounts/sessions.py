"""Server-side sessions: a signed cookie alone could not be revoked, a row can."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from blinker import Namespace
from flask import request, session
from flask_login import login_user, logout_user
from sqlalchemy import ColumnElement, bindparam, delete, select, update

from webpush_app import clock
from webpush_app.accounts.models import LoginSession, User
from webpush_app.accounts.throttle import address_key, remember_address
from webpush_app.database import among, db, is_writing, short_write
from webpush_app.web import user_agent

# How long a browser that is not used stays signed in.
REMEMBERED = timedelta(days=60)
NOT_REMEMBERED = timedelta(days=1)
SEEN_EVERY = timedelta(minutes=1)

# Somebody signs out, here or from elsewhere; sent with `session_ids`, inside the transaction that ends them. Where all
# of a person's sessions end (but one), `everything_of` is their id and `but` that one: the rows of sessions that lapsed
# are gone, and what hangs on those has to end too. A session that merely lapses sends nothing: who allowed
# notifications still wants them while no page is open.
session_ending = Namespace().signal("session-ending")

# Whose session is it: asked with `named(token)`.
IS_LIVE = (LoginSession.token_hash == bindparam("token_hash"), LoginSession.expires_at > bindparam("now"))
# Both in full, side by side: reading the person through the session's relationship costs more than the database does.
_OWNER = select(LoginSession, User).join(LoginSession.user).where(*IS_LIVE)
_OWNER_LOCKED = _OWNER.with_for_update(read=True, key_share=True, of=LoginSession)


def start_session(user: User, *, is_remembered: bool) -> LoginSession:
    """Sign this browser in under a new session; the one it came with ends, and so does what its cookie held."""
    end_current_session()
    token, now = secrets.token_urlsafe(32), clock.now()
    address = address_key(request.remote_addr)
    remember_address(user.id, address)
    row = LoginSession(
        user_id=user.id,
        token_hash=_hash(token),
        browser=user_agent.describe(request.user_agent.string),
        address=address,
        is_remembered=is_remembered,
        last_seen=now,
        expires_at=_expiry(now, is_remembered),
    )
    db.session.add(row)
    user.last_seen = now
    db.session.flush()
    db.session.execute(delete(LoginSession).where(LoginSession.expires_at < now))
    _attach(user, row, token)
    login_user(user)
    session.permanent = is_remembered
    return row


def load_user(token: str) -> User | None:
    """Flask-Login's question at each request: whose session is this? One query."""
    # In a write the session cannot end before what is written in it is there to be let go with it.
    query = _OWNER_LOCKED if is_writing() else _OWNER
    found = db.session.execute(query, named(token)).one_or_none()
    if found is None:
        return None
    row, user = found
    _attach(user, row, token)
    return user


def named(token: str) -> dict[str, Any]:
    return {"token_hash": _hash(token), "now": clock.now()}


def end_current_session() -> None:
    token = session.get("_user_id")
    if token:
        _end(LoginSession.token_hash == _hash(str(token)))
    logout_user()
    session.clear()


def end_session(user_id: int, session_id: int) -> bool:
    """One's own sessions only; False where there is none of that number."""
    return bool(_end(LoginSession.id == session_id, LoginSession.user_id == user_id))


def end_all_sessions(user_id: int, *, but: int | None = None) -> None:
    which = [LoginSession.user_id == user_id]
    _end(*which, *([] if but is None else [LoginSession.id != but]), everything_of=user_id, but=but)


def list_sessions(user_id: int) -> Sequence[LoginSession]:
    query = select(LoginSession).where(LoginSession.user_id == user_id, LoginSession.expires_at > clock.now())
    return db.session.scalars(query.order_by(LoginSession.last_seen.desc(), LoginSession.id.desc())).all()


def list_live(session_ids: Sequence[int]) -> set[int]:
    """Those of these that have neither ended nor lapsed."""
    query = select(LoginSession.id).where(among(LoginSession.id, "ids"), LoginSession.expires_at > clock.now())
    return set(db.session.scalars(query, {"ids": session_ids}))


def is_due(last_seen: datetime) -> bool:
    return clock.now() - last_seen >= SEEN_EVERY


def note_seen(user_id: int, session_id: int, is_remembered: bool) -> None:
    """Apart from the request's transaction; when the database is busy, it is for a later request."""
    now = clock.now()
    expiry = _expiry(now, is_remembered)
    with short_write() as connection:
        connection.execute(update(User).where(User.id == user_id).values(last_seen=now))
        connection.execute(
            update(LoginSession).where(LoginSession.id == session_id).values(last_seen=now, expires_at=expiry)
        )


def _end(*which: ColumnElement[bool], everything_of: int | None = None, but: int | None = None) -> Sequence[int]:
    ended = db.session.scalars(delete(LoginSession).where(*which).returning(LoginSession.id)).all()
    session_ending.send(session_ids=ended, everything_of=everything_of, but=but)
    return ended


def _attach(user: User, row: LoginSession, token: str) -> None:
    # Not columns: they live on this object, for this request only.
    user.login_session = row  # type: ignore[misc]
    user.login_token = token  # type: ignore[misc]


def _expiry(now: datetime, is_remembered: bool) -> datetime:
    return now + (REMEMBERED if is_remembered else NOT_REMEMBERED)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
