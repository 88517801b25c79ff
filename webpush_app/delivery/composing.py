"""From a claimed row to the text for one browser, or the reason to send nothing.

The outbox holds no texts. Whoever put a row into it hands in a composer for its kind, which is asked at each attempt:
what was deleted, read or turned off meanwhile is dropped then, and says why.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import Flask, current_app
from sqlalchemy import select

from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import db
from webpush_app.delivery import retry
from webpush_app.delivery.claims import Claim, Claimed, Settled
from webpush_app.delivery.models import Lane, State
from webpush_app.protocol.message import Message
from webpush_app.protocol.subscription import Subscription
from webpush_app.subscriptions.keyring import current_key
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.web.languages import DEFAULT


@dataclass(frozen=True)
class Job:
    """What a composer is told: for whom, about what, and in which language they read."""

    push_id: int
    kind: str
    subject_id: int
    recipient_id: int | None
    locale: str


@dataclass(frozen=True)
class Drop:
    reason: str


@dataclass(frozen=True)
class Ready:
    """One push that is to be sent now."""

    row: Claimed
    subscription: Subscription
    message: Message = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Browser:
    id: int
    user_id: int | None
    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)
    vapid_public_key: str
    off_at: datetime | None
    off_because: str | None
    locale: str
    user_locale: str | None


Composer = Callable[[Sequence[Job]], Mapping[int, Message | Drop]]
_COMPOSERS = "push_composers"
NOT_COMPOSED = "not_composed"
log = logging.getLogger(__name__)


def register(app: Flask, composers: Mapping[str, Composer]) -> None:
    app.extensions[_COMPOSERS] = dict(composers)


def prepare(claim: Claim) -> tuple[list[Ready], list[Settled]]:
    """What is to be sent, and what is not. Reads only: one query for the browsers, and one of each kind's composer."""
    browsers = _browsers([row.subscription_id for row in claim.rows])
    refused = {row.id: _why_not(row, browsers.get(row.subscription_id)) for row in claim.rows}
    jobs = [_job(row, browsers[row.subscription_id]) for row in claim.rows if refused[row.id] is None]
    composed = _compose(jobs)
    ready, settled = [], []
    for row in claim.rows:
        reason = refused[row.id]
        found = Drop(reason) if reason else composed.get(row.id, Drop("withdrawn"))
        match found:
            case Message():
                ready.append(Ready(row, _subscription(browsers[row.subscription_id]), found))
            case Drop():
                settled.append(_dropped(row, found.reason))
            case None:
                settled.append(again(row, NOT_COMPOSED))
    return ready, settled


def again(row: Claimed, reason: str) -> Settled:
    """Nobody was asked anything: it is tried later, as long as it is of use."""
    next_at = clock.now() + retry.delay(row.attempts)
    if retry.is_over(row.attempts, row.first_attempt_at, row.expires_at, next_at):
        return Settled(row.id, State.FAILED, f"given_up_{reason}", tallied_as=tallied(row))
    return Settled(row.id, State.QUEUED, reason, due_at=next_at)


def tallied(row: Claimed) -> tuple[str, int] | None:
    """Pushes to many are counted as they end; those of one message are few enough to be read."""
    return (row.kind, row.subject_id) if row.lane == Lane.BROADCAST else None


def _browsers(subscription_ids: Sequence[int]) -> dict[int, _Browser]:
    columns = (
        PushSubscription.id,
        PushSubscription.user_id,
        PushSubscription.endpoint,
        PushSubscription.p256dh,
        PushSubscription.auth,
        PushSubscription.vapid_public_key,
        PushSubscription.off_at,
        PushSubscription.off_because,
        PushSubscription.locale,
        User.locale.label("user_locale"),
    )
    query = select(*columns).outerjoin(User, User.id == PushSubscription.user_id)
    rows = db.session.execute(query.where(PushSubscription.id.in_(subscription_ids)))
    return {row.id: _Browser(*tuple(row)) for row in rows}


def _why_not(row: Claimed, browser: _Browser | None) -> str | None:
    if row.expires_at <= clock.now():
        return State.EXPIRED
    if browser is None:
        return "browser_removed"
    if browser.off_at is not None:
        return f"browser_{browser.off_because}"
    if row.recipient_id is not None and browser.user_id != row.recipient_id:
        return "somebody_elses"
    if browser.vapid_public_key != current_key().public:
        return "other_key"
    return None


def _job(row: Claimed, browser: _Browser) -> Job:
    locale = browser.user_locale or browser.locale or DEFAULT
    return Job(row.id, row.kind, row.subject_id, row.recipient_id, locale)


def _compose(jobs: Sequence[Job]) -> dict[int, Message | Drop | None]:
    """None for those whose composer failed: the others do not wait for it to be mended."""
    composers: Mapping[str, Composer] = current_app.extensions[_COMPOSERS]
    composed: dict[int, Message | Drop | None] = {}
    for kind in {job.kind for job in jobs}:
        of_kind = [job for job in jobs if job.kind == kind]
        try:
            composed |= composers[kind](of_kind)
        except Exception:
            log.exception("the text of %d pushes of kind %r cannot be made; they are tried again", len(of_kind), kind)
            db.session.rollback()
            composed |= dict.fromkeys(job.push_id for job in of_kind)
    return composed


def _subscription(browser: _Browser) -> Subscription:
    return Subscription(endpoint=browser.endpoint, p256dh=browser.p256dh, auth=browser.auth)


def _dropped(row: Claimed, reason: str) -> Settled:
    state = State.EXPIRED if reason == State.EXPIRED else State.DROPPED
    return Settled(row.id, state, reason, uses_attempt=False, tallied_as=tallied(row))
