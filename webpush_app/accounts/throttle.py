"""Guessing passwords is slowed down: ten failures in 15 minutes make an account, and an address, wait longer each time.

An account is not locked: from an address where its owner signed in before, only the failures made there count, so that
a stranger elsewhere cannot keep the owner out.
"""

import ipaddress
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, delete, func, select

from webpush_app import clock
from webpush_app.accounts import names
from webpush_app.accounts.models import KnownAddress, LoginFailure, User
from webpush_app.database import db, insert_or_update
from webpush_app.errors import TooManyRequests

WINDOW = timedelta(minutes=15)
FREE_FAILURES = 10
FIRST_WAIT = timedelta(seconds=5)
KNOWN_FOR = timedelta(days=180)


def address_key(address: str | None) -> str:
    """An IPv6 customer has a whole /64 to guess from: it counts as one address."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def check_may_try(username: str, address: str) -> None:
    account = account_key(username)
    wait = max(_wait_for_account(account, address), _wait(LoginFailure.address == address), timedelta())
    if wait:
        seconds = int(wait.total_seconds()) + 1
        raise TooManyRequests(
            _("Too many attempts. Please wait %(seconds)d seconds and try again.", seconds=seconds),
            retry_after_seconds=seconds,
        )


def record_failure(username: str, address: str) -> None:
    now = clock.now()
    db.session.execute(delete(LoginFailure).where(LoginFailure.at < now - WINDOW))
    db.session.add(LoginFailure(account=account_key(username), address=address, at=now))
    db.session.flush()


def forgive(username: str, address: str) -> None:
    """The right password was given: what this person mistyped here before does not count any longer."""
    query = delete(LoginFailure).where(LoginFailure.account == account_key(username), LoginFailure.address == address)
    db.session.execute(query)


def remember_address(user_id: int, address: str) -> None:
    """Somebody signed in here: a stranger elsewhere cannot make them wait here."""
    now = clock.now()
    db.session.execute(delete(KnownAddress).where(KnownAddress.last_used < now - KNOWN_FOR))
    known = insert_or_update(KnownAddress).values(user_id=user_id, address=address, last_used=now)
    db.session.execute(known.on_conflict_do_update(index_elements=["user_id", "address"], set_={"last_used": now}))


def account_key(username: str) -> str:
    return names.key(username)[: names.LONGEST]


def _wait_for_account(account: str, address: str) -> timedelta:
    known = select(KnownAddress.user_id).join(User, User.id == KnownAddress.user_id)
    is_known = db.session.scalar(known.where(User.username_key == account, KnownAddress.address == address))
    if is_known is None:
        return _wait(LoginFailure.account == account)
    return _wait(LoginFailure.account == account, LoginFailure.address == address)


def _wait(*which: ColumnElement[bool]) -> timedelta:
    now = clock.now()
    count, last = db.session.execute(
        select(func.count(), func.max(LoginFailure.at)).where(*which, LoginFailure.at > now - WINDOW)
    ).one()
    if count < FREE_FAILURES:
        return timedelta()
    ready: datetime = last + min(FIRST_WAIT * 2 ** min(count - FREE_FAILURES, 16), WINDOW)
    return ready - now
