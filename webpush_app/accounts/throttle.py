"""Guessing passwords is slowed down: ten failures in 15 minutes make an account, and an address, wait longer each time.

An account is not locked: from an address where its owner signed in before, only the failures made there count, so that
a stranger elsewhere cannot keep the owner out. A try is counted before its password is looked at, and taken back when
that was right: so nothing is held meanwhile, and guesses that are sent at once are let through as if they had come one
after the other, by however many processes.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, delete, func, or_, select, update

from webpush_app import clock
from webpush_app.accounts import names
from webpush_app.accounts.models import KnownAddress, LoginFailure, User
from webpush_app.database import alone, db, insert_or_update
from webpush_app.errors import TooManyRequests

WINDOW = timedelta(minutes=15)
FREE_FAILURES = 10
FIRST_WAIT = timedelta(seconds=5)
KNOWN_FOR = timedelta(days=180)
# Then a try that was never decided counts as a failure: its process is gone, or hangs.
TRY_LASTS = timedelta(seconds=30)


@dataclass(frozen=True)
class Count:
    failed: int
    undecided: int
    last_failed_at: datetime | None

    @property
    def wait(self) -> timedelta:
        if self.last_failed_at is None or self.failed < FREE_FAILURES:
            return timedelta()
        wait: timedelta = min(FIRST_WAIT * 2 ** min(self.failed - FREE_FAILURES, 16), WINDOW)
        return self.last_failed_at + wait - clock.now()

    @property
    def has_room(self) -> bool:
        """Whatever becomes of those that are undecided, one more need not wait."""
        return not self.undecided or self.failed + self.undecided < FREE_FAILURES


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
    """By the failures that are known. Nobody is waited for: who guesses on and on costs the others nothing."""
    _check(_counts(account_key(username), address))


def begin_try(username: str, address: str) -> int | None:
    """Counts it as undecided, and gives its number; None while tries that are undecided may be what makes this one
    wait. The caller has begun a writing transaction, and commits at once: others may stand in line for it. The owner
    at a known address stands in no line that a stranger elsewhere can stand in."""
    account = account_key(username)
    if not _is_known(account, address):
        alone(f"sign-in as {account}")
    alone(f"sign-in from {address}")
    counts = _counts(account, address)
    _check(counts)
    if not all(count.has_room for count in counts):
        return None
    row = LoginFailure(account=account, address=address, at=clock.now(), is_undecided=True)
    db.session.add(row)
    db.session.flush()
    return row.id


def fail_try(number: int, username: str, address: str) -> None:
    decided = update(LoginFailure).where(LoginFailure.id == number).values(at=clock.now(), is_undecided=False)
    if db.session.scalar(decided.returning(LoginFailure.id)) is None:  # it took longer than failures are kept
        record_failure(username, address)
    # Another process may forget them in the same instant.
    old = select(LoginFailure.id).where(LoginFailure.at < clock.now() - WINDOW).with_for_update(skip_locked=True)
    db.session.execute(delete(LoginFailure).where(LoginFailure.id.in_(old)))


def record_failure(username: str, address: str) -> None:
    db.session.add(LoginFailure(account=account_key(username), address=address, at=clock.now()))
    db.session.flush()


def take_back(number: int) -> None:
    """The right password was given."""
    db.session.execute(delete(LoginFailure).where(LoginFailure.id == number))


def forgive(username: str, address: str) -> None:
    """What this person mistyped here before does not count any longer; what somebody tries in this instant does."""
    theirs = (LoginFailure.account == account_key(username), LoginFailure.address == address)
    db.session.execute(delete(LoginFailure).where(*theirs, LoginFailure.is_undecided.is_(False)))


def remember_address(user_id: int, address: str) -> None:
    """Somebody signed in here: a stranger elsewhere cannot make them wait here."""
    now = clock.now()
    db.session.execute(delete(KnownAddress).where(KnownAddress.last_used < now - KNOWN_FOR))
    known = insert_or_update(KnownAddress).values(user_id=user_id, address=address, last_used=now)
    db.session.execute(known.on_conflict_do_update(index_elements=["user_id", "address"], set_={"last_used": now}))


def account_key(username: str) -> str:
    return names.key(username)[: names.LONGEST]


def _is_known(account: str, address: str) -> bool:
    known = select(KnownAddress.user_id).join(User, User.id == KnownAddress.user_id)
    return db.session.scalar(known.where(User.username_key == account, KnownAddress.address == address)) is not None


def _counts(account: str, address: str) -> tuple[Count, Count]:
    """What counts together for this try: what was done to the account, and from the address."""
    of_account, of_address = LoginFailure.account == account, LoginFailure.address == address
    if _is_known(account, address):
        return _count(of_account, of_address), _count(of_address)
    return _count(of_account), _count(of_address)


def _count(*which: ColumnElement[bool]) -> Count:
    """In one statement: in between, one that is undecided may become a failure."""
    now = clock.now()
    has_failed = or_(LoginFailure.is_undecided.is_(False), LoginFailure.at <= now - TRY_LASTS)
    last = func.max(LoginFailure.at).filter(has_failed)
    query = select(func.count().filter(has_failed), func.count(), last)
    failed, of_all, last_at = db.session.execute(query.where(*which, LoginFailure.at > now - WINDOW)).one()
    return Count(failed, of_all - failed, last_at)


def _check(counts: Iterable[Count]) -> None:
    wait = max(count.wait for count in counts)
    if wait <= timedelta():
        return
    seconds = int(wait.total_seconds()) + 1
    raise TooManyRequests(
        _("Too many attempts. Please wait %(seconds)d seconds and try again.", seconds=seconds),
        retry_after_seconds=seconds,
    )
