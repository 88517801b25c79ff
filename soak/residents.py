"""Many people with an account and a browser in which they are signed in, written straight into the database: a thousand
sign-ins by the form would take longer than what is proved."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import delete

from webpush_app import clock
from webpush_app.accounts import service as accounts
from webpush_app.accounts.models import LoginSession
from webpush_app.database import begin_write, db

_SIGNED_IN_FOR = timedelta(days=1)
_NO_PASSWORD = "none"  # nobody can sign in by one


@dataclass(frozen=True)
class Resident:
    id: int
    name: str
    cookie: str


def settle_in(app: Flask, names: Iterable[str], *, is_admin: bool = False) -> list[Resident]:
    with app.app_context():
        begin_write()
        settled = [_settle_in(app, name, is_admin) for name in names]
        db.session.commit()
        db.engine.dispose()
    return settled


def sign_out(app: Flask, resident: Resident) -> None:
    """Of every browser, without anybody being told: to whoever asks, the session has ended."""
    with app.app_context():
        begin_write()
        db.session.execute(delete(LoginSession).where(LoginSession.user_id == resident.id))
        db.session.commit()
        db.engine.dispose()


def names_of(kind: str, count: int) -> list[str]:
    """Taken by nobody who was here before: the database may be another proof's as well."""
    return [f"{kind}-{secrets.token_hex(3)}-{number}" for number in range(count)]


def _settle_in(app: Flask, name: str, is_admin: bool) -> Resident:
    user, token, now = (
        accounts.create_user(name, _NO_PASSWORD, is_admin=is_admin),
        secrets.token_urlsafe(32),
        clock.now(),
    )
    token_hash = hashlib.sha256(token.encode()).hexdigest()
    db.session.add(LoginSession(user_id=user.id, token_hash=token_hash, last_seen=now, expires_at=now + _SIGNED_IN_FOR))
    return Resident(user.id, name, _cookie(app, {"_user_id": token, "_fresh": True}))


def _cookie(app: Flask, content: dict[str, object]) -> str:
    interface = app.session_interface
    assert isinstance(interface, SecureCookieSessionInterface)
    signing = interface.get_signing_serializer(app)
    assert signing is not None
    signed = signing.dumps(content)
    return signed if isinstance(signed, str) else signed.decode()
