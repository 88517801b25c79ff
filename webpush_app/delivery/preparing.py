"""From claimed rows to what is sent now, what is not sent, and what has to wait."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select

from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import InOneStep, among
from webpush_app.delivery import retry
from webpush_app.delivery.claims import Claim, Claimed, Returned, Settled
from webpush_app.delivery.composing import NOT_COMPOSED, Drop, Job, PutOff, companions, compose
from webpush_app.delivery.models import OTHER_KEY, State
from webpush_app.delivery.signers import Signers
from webpush_app.protocol.message import Message
from webpush_app.protocol.signing import Signer
from webpush_app.protocol.subscription import Subscription
from webpush_app.subscriptions.keyring import key_of
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.web.languages import DEFAULT

CRASHED = "crashed_the_worker"
MOST_CRASHES = 3
KEY_LOOKED_FOR_EVERY = timedelta(minutes=5)  # it may be that of every browser
_TOO_LATE = (State.EXPIRED, f"given_up_{OTHER_KEY}")


class Ready(NamedTuple):
    """One push that is to be sent now, and not later than `send_before`."""

    row: Claimed
    subscription: Subscription
    message: Message
    signer: Signer
    is_old_key: bool
    strikes: int
    is_proven: bool
    """A push was accepted for this browser before: it was made with the key that it named."""
    owner: int | str
    """Whose browser it is: a person's number, a stranger's address, or nothing where neither is known."""
    claimed_at: datetime
    send_before: datetime
    fields: bytes = b""
    """What a person's browser is told beside the message."""


class Prepared(NamedTuple):
    ready: list[Ready]
    settled: list[Settled]
    returned: list[Returned]


class _Browser(NamedTuple):
    id: int
    user_id: int | None
    endpoint: str
    p256dh: str
    auth: str
    vapid_public_key: str
    off_at: datetime | None
    off_because: str | None
    hold_until: datetime | None
    strikes: int
    locale: str
    address: str | None
    is_proven: bool
    user_locale: str | None


_subscriptions: Any = PushSubscription.__table__
_users: Any = User.__table__
_BROWSERS = InOneStep(
    select(
        *(_subscriptions.c[name] for name in _Browser._fields[:-2]),
        _subscriptions.c.proven_at.is_not(None).label("is_proven"),
        _users.c.locale.label("user_locale"),
    )
    .outerjoin(_users, _users.c.id == _subscriptions.c.user_id)
    .where(among(_subscriptions.c.id, "ids"))
)


def prepare(claim: Claim, signers: Signers) -> Prepared:
    """Reads only: one query for the browsers, one of each kind's composer, and those of the companion."""
    made = Prepared([], [], [])
    wanted = _wanted(claim, signers, made)
    jobs = [_job(row, browser) for row, browser in wanted]
    composed = compose(jobs)
    fields = companions([job for job in jobs if isinstance(composed.get(job.push_id), Message)])
    for row, browser in wanted:
        beside = fields.get(row.id, b"")
        match beside if isinstance(beside, Drop) else composed.get(row.id, Drop("withdrawn")):
            case Message() as message:
                ready = _ready(row, browser, message, signers, claim)
                made.ready.append(ready._replace(fields=beside) if isinstance(beside, bytes) else ready)
            case Drop(reason):
                made.settled.append(_ended(row, reason))
            case PutOff(until):
                made.returned.append(Returned(row, until))
            case None:
                made.settled.append(_later(row))
    return made


def _wanted(claim: Claim, signers: Signers, made: Prepared) -> list[tuple[Claimed, _Browser]]:
    """Those to compose a text for; the others are settled, or have to wait."""
    browsers = _browsers({row.subscription_id for row in claim.rows})
    now = clock.now()
    wanted: list[tuple[Claimed, _Browser]] = []
    for row in claim.rows:
        browser = browsers.get(row.subscription_id)
        reason = _why_not(row, browser, signers, now)
        if reason == OTHER_KEY and browser is not None:
            made.returned.append(_until_the_key_is_here(row, browser, now))
        elif reason or browser is None:
            made.settled.append(_ended(row, reason or "browser_removed"))
        elif browser.hold_until is not None and browser.hold_until > now:
            made.returned.append(Returned(row, browser.hold_until))
        else:
            wanted.append((row, browser))
    return wanted


def _browsers(subscription_ids: set[int]) -> dict[int, _Browser]:
    return {row[0]: _Browser._make(row) for row in _BROWSERS.fetch({"ids": list(subscription_ids)})}


def _why_not(row: Claimed, browser: _Browser | None, signers: Signers, now: datetime) -> str | None:
    lacks_key = browser is not None and browser.off_at is None and signers.of(browser.vapid_public_key) is None
    if row.expires_at <= now:
        return f"given_up_{OTHER_KEY}" if lacks_key else State.EXPIRED
    if browser is None:
        return "browser_removed"
    if browser.off_at is not None:
        return f"browser_{browser.off_because}"
    if row.recipient_id is not None and browser.user_id != row.recipient_id:
        return "somebody_elses"
    if lacks_key:
        return OTHER_KEY
    return CRASHED if row.crashes >= MOST_CRASHES else None


def _until_the_key_is_here(row: Claimed, browser: _Browser, now: datetime) -> Returned:
    """A key that was retired on purpose had its browsers turned off first: what is missing was left out by mistake."""
    if key_of(browser.vapid_public_key):  # so new that this round does not know it yet
        return Returned(row, now)
    return Returned(row, min(now + KEY_LOOKED_FOR_EVERY, row.expires_at), browser.vapid_public_key)


def _job(row: Claimed, browser: _Browser) -> Job:
    locale = browser.user_locale or browser.locale or DEFAULT
    return Job(row.id, row.kind, row.subject_id, row.recipient_id, locale, browser.user_id)


def _ready(row: Claimed, browser: _Browser, message: Message, signers: Signers, claim: Claim) -> Ready:
    signer = signers.of(browser.vapid_public_key)
    if signer is None:
        raise LookupError("a key was taken away in the middle of a round")
    subscription = Subscription(endpoint=browser.endpoint, p256dh=browser.p256dh, auth=browser.auth)
    is_old_key = browser.vapid_public_key != signers.current
    text = replace(message, body="") if row.is_short else message
    owner = browser.user_id or browser.address or ""
    how_it_stands = (is_old_key, browser.strikes, browser.is_proven, owner)
    return Ready(row, subscription, text, signer, *how_it_stands, claim.claimed_at, claim.send_before)


def _ended(row: Claimed, reason: str) -> Settled:
    if reason == CRASHED:
        return Settled(row, State.FAILED, reason, uses_attempt=False)
    state = State.EXPIRED if reason in _TOO_LATE else State.DROPPED
    return Settled(row, state, reason, uses_attempt=False)


def _later(row: Claimed) -> Settled:
    """Nobody was asked anything: it is tried later, as long as it is of use."""
    next_at = clock.now() + retry.delay(row.attempts)
    if retry.is_over(row.attempts, row.first_attempt_at, row.expires_at, next_at):
        return Settled(row, State.FAILED, f"given_up_{NOT_COMPOSED}")
    return Settled(row, State.QUEUED, NOT_COMPOSED, due_at=next_at)
