"""Keep, list and end the subscriptions of browsers. Callers have begun a writing transaction, and commit."""

import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from blinker import Namespace
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, case, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.accounts.sessions import session_ending
from webpush_app.database import alone, db
from webpush_app.errors import Conflict, NotFound, TooManyRequests
from webpush_app.protocol.subscription import Subscription
from webpush_app.subscriptions.models import Off, PushSubscription, fingerprint_of
from webpush_app.subscriptions.push_services import host_of, service_of

MOST_DEVICES = 20
# New browsers without an account from one address, so that nobody fills the database with them; an office behind one
# address is far below it.
MOST_NEW_STRANGERS = 100
STRANGERS_WINDOW = timedelta(hours=1)


# A browser that was not this person's gets what is for them from now on: sent with `user_id`, `subscription_id` and
# `browser`, inside the transaction. One that has only had to subscribe anew is not new.
browser_joined = Namespace().signal("browser-joined")


class MadeWithAnotherKey(Conflict):
    code = "other_key"


@dataclass(frozen=True)
class Viewer:
    """Who posts: a person in a session of theirs, or a stranger whose cookie remembers what this browser posted."""

    person: User | None
    posted_before: Collection[int] = ()

    @property
    def user_id(self) -> int | None:
        return self.person.id if self.person else None

    @property
    def login_session_id(self) -> int | None:
        return self.person.login_session.id if self.person and self.person.login_session else None

    def owns(self) -> ColumnElement[bool]:
        if self.person:
            return PushSubscription.user_id == self.person.id
        return PushSubscription.user_id.is_(None) & PushSubscription.id.in_(self.posted_before)


def subscribe(
    given: Subscription,
    viewer: Viewer,
    *,
    vapid_public_key: str,
    browser: str,
    locale: str,
    address: str = "",
    former: PushSubscription | None = None,
) -> tuple[PushSubscription, bool]:
    """The browser's row, and whether it is new. Posting the same again only says that the browser is still there; one
    that has had to subscribe anew names its former row, and what is on the way to it goes to the new address."""
    try:
        with db.session.begin_nested():
            had_it = former is not None and former.user_id == viewer.user_id
            row, is_new = _row_of(given, viewer, former, address)
            was_theirs = had_it or row.user_id == viewer.user_id
            _note(row, given, viewer, vapid_public_key)
            row.browser, row.locale = browser, locale
            row.address = None if viewer.person else address or None
            db.session.add(row)
    except IntegrityError:  # PostgreSQL: the same browser posted twice in the same instant, and by now it is known
        again = {"vapid_public_key": vapid_public_key, "browser": browser, "locale": locale, "address": address}
        return subscribe(given, viewer, **again, former=former)
    if viewer.person and not was_theirs:
        browser_joined.send(None, user_id=viewer.person.id, subscription_id=row.id, browser=browser)
    return row, is_new


def list_own(viewer: Viewer) -> Sequence[PushSubscription]:
    query = select(PushSubscription).where(viewer.owns())
    return db.session.scalars(query.order_by(PushSubscription.last_seen_at.desc(), PushSubscription.id.desc())).all()


def get_own(subscription_id: int, viewer: Viewer) -> PushSubscription:
    query = select(PushSubscription).where(PushSubscription.id == subscription_id, viewer.owns())
    row = db.session.scalar(query.with_for_update())
    if row is None:
        raise _unknown()
    return row


def get_by_secret(endpoint: str, auth: str) -> PushSubscription:
    """For the browser itself, whoever is signed in: it alone knows both."""
    row = _find(endpoint)
    if row is None or not hmac.compare_digest(row.auth.encode(), auth.encode("utf-8", "replace")):
        raise _unknown()
    return row


def remove(row: PushSubscription) -> int:
    db.session.delete(row)
    return row.id


def let_go(_sender: Any, session_ids: Collection[int], everything_of: int | None, but: int | None) -> None:
    """Somebody signed out: these browsers get nothing more until they post again."""
    which: list[ColumnElement[bool]] = [PushSubscription.login_session_id.in_(session_ids)]
    if everything_of is not None:
        theirs = PushSubscription.user_id == everything_of
        which.append(theirs if but is None else theirs & PushSubscription.login_session_id.is_distinct_from(but))
    db.session.execute(
        update(PushSubscription)
        .where(or_(*which), PushSubscription.off_at.is_(None))
        .values(off_at=clock.now(), off_because=Off.SIGNED_OUT)
    )


session_ending.connect(let_go)


def _row_of(
    given: Subscription, viewer: Viewer, former: PushSubscription | None, address: str
) -> tuple[PushSubscription, bool]:
    row = _find(given.endpoint)
    if row is not None:
        _check_may_take(row, given, viewer)
    elif former is not None and _may_move(former, given.endpoint):
        row = _moved(former, given.endpoint)
    if former is not None and former is not row:
        db.session.delete(former)
    if row is not None:
        if viewer.user_id != row.user_id:
            _make_room(viewer)
        return row, False
    _check_may_add(viewer, address)
    row = _moved(PushSubscription(service_id=service_of(given.endpoint)), given.endpoint)
    _make_room(viewer)
    return row, True


def _note(row: PushSubscription, given: Subscription, viewer: Viewer, vapid_public_key: str) -> None:
    if row.off_at is not None or (row.p256dh, row.auth) != (given.p256dh, given.auth):
        row.strikes, row.first_strike_at = 0, None
    if (row.p256dh, row.auth, row.vapid_public_key) != (given.p256dh, given.auth, vapid_public_key):
        row.proven_at = None
    row.p256dh, row.auth = given.p256dh, given.auth
    row.vapid_public_key = vapid_public_key
    row.user_id, row.login_session_id = viewer.user_id, viewer.login_session_id
    row.last_seen_at, row.off_at, row.off_because = clock.now(), None, None


def _may_move(row: PushSubscription, endpoint: str) -> bool:
    """Where something may be on the way to it: that is queued for its service; and what is off is sent nothing, but may
    be again where nothing but an old key of ours was the matter."""
    if row.off_because not in (None, Off.OLD_KEY):
        return False
    return host_of(row.endpoint) == host_of(endpoint) or row.service_id == service_of(endpoint)


def _moved(row: PushSubscription, endpoint: str) -> PushSubscription:
    row.endpoint, row.fingerprint = endpoint, fingerprint_of(endpoint)
    row.hold_until = row.proven_at = None  # that was of the former one
    return row


def _find(endpoint: str) -> PushSubscription | None:
    query = select(PushSubscription).where(PushSubscription.fingerprint == fingerprint_of(endpoint))
    return db.session.scalar(query.with_for_update())


def _check_may_add(viewer: Viewer, address: str) -> None:
    if viewer.person or not address:
        return
    alone(f"strangers from {address}")  # each counts those before it, in whichever process
    since = clock.now() - STRANGERS_WINDOW
    query = select(func.count()).where(PushSubscription.address == address, PushSubscription.created_at > since)
    if (db.session.scalar(query) or 0) >= MOST_NEW_STRANGERS:
        raise TooManyRequests(
            _("Too many browsers were subscribed from your address. Please try again in an hour, or sign in."),
            retry_after_seconds=int(STRANGERS_WINDOW.total_seconds()),
        )


def _check_may_take(row: PushSubscription, given: Subscription, viewer: Viewer) -> None:
    is_own = row.user_id == viewer.user_id if viewer.person else row.user_id is None and row.id in viewer.posted_before
    has_same_keys = hmac.compare_digest(row.p256dh + row.auth, given.p256dh + given.auth)
    if not is_own and not has_same_keys:
        raise Conflict(
            _(
                "This endpoint is known already, with other keys. If it is your browser's: end its subscription there, "
                "and subscribe again."
            ),
            field="endpoint",
        )


def _make_room(viewer: Viewer) -> None:
    """At most so many browsers a person; those that are off go first, then who has not been seen for longest."""
    if viewer.person is None:
        return
    # Whoever counts for the same person at the same time waits: the limit holds on PostgreSQL too.
    db.session.execute(select(User.id).where(User.id == viewer.person.id).with_for_update(key_share=True))
    own = PushSubscription.user_id == viewer.person.id
    count = db.session.scalar(select(func.count()).select_from(PushSubscription).where(own)) or 0
    if count < MOST_DEVICES:
        return
    is_on_last = case((PushSubscription.off_at.is_(None), 1), else_=0)
    oldest = select(PushSubscription.id).where(own)
    oldest = oldest.order_by(is_on_last, PushSubscription.last_seen_at, PushSubscription.id)
    given_up = db.session.scalars(oldest.limit(count - MOST_DEVICES + 1)).all()
    db.session.execute(delete(PushSubscription).where(PushSubscription.id.in_(given_up)))


def _unknown() -> NotFound:
    return NotFound(_("This subscription is not known here. It may have been removed already."))
