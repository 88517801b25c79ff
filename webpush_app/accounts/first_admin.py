"""The one-time link that makes the first admin. While there is none, each start prints a new one."""

import hashlib
import secrets

from flask_babel import gettext as _

from webpush_app.accounts import service
from webpush_app.accounts.models import User
from webpush_app.errors import NotFound

_FACT = "first_admin_link"


def new_token() -> str | None:
    """None where an admin exists already."""
    if service.has_admin():
        return None
    token = secrets.token_urlsafe(24)
    service.remember_fact(_FACT, _hash(token))
    return token


def check_token(token: str) -> None:
    if service.has_admin() or service.recall_fact(_FACT) != _hash(token):
        raise _ended()


def create_first_admin(token: str, username: str, password_hash: str, contact_email: str, locale: str) -> User:
    check_token(token)
    if not service.forget_fact(_FACT, _hash(token)):  # somebody else opened the same link in the same instant
        raise _ended()
    user = service.create_user(username, password_hash, locale=locale, is_admin=True)
    service.remember_fact(service.CONTACT_EMAIL, contact_email)
    return user


def _ended() -> NotFound:
    return NotFound(
        _(
            "This link has ended: it was used, or the service was started again since. "
            "While there is no admin, each start prints a new link in the terminal."
        )
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
