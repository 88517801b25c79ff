"""One round of delivery: claim, compose, send many at once, write down what became of each.

Nothing is sent inside a transaction. An engine decides when and where `deliver_batch` runs; the outbox alone says what
is due.
"""

import base64
import hashlib
import hmac
import logging
from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta
from itertools import takewhile

from flask import current_app

from webpush_app import clock
from webpush_app.database import begin_write, db
from webpush_app.delivery import claims, policy
from webpush_app.delivery.claims import Claim, Settled
from webpush_app.delivery.composing import Ready, prepare
from webpush_app.delivery.groups import as_they_come, in_groups
from webpush_app.delivery.models import Lane
from webpush_app.errors import DatabaseBusy
from webpush_app.protocol.answers import Outcome
from webpush_app.protocol.message import Urgency, to_payload
from webpush_app.protocol.sender import Push, Sender
from webpush_app.protocol.signing import Signer
from webpush_app.protocol.transport import DEADLINE_SECONDS, Transport
from webpush_app.subscriptions import keyring
from webpush_app.subscriptions import service as subscriptions
from webpush_app.subscriptions.models import Off

log = logging.getLogger(__name__)

ANSWERED_WITHIN = timedelta(seconds=2 * DEADLINE_SECONDS)


class Dispatcher:
    """Keeps what outlives a round: connections to push services, and signatures."""

    def __init__(self, transport: Transport) -> None:
        self.tokens: set[str] = set()  # of the leases held right now
        self._sender = Sender(transport)
        self._signer: tuple[tuple[str, str], Signer] | None = None

    def deliver_batch(self, lanes: Collection[Lane]) -> int:
        """How many rows were taken; 0 when nothing is due, or nothing can be signed yet."""
        signer = self._signer_for_now()
        claim = claims.claim_due(lanes) if signer else None
        if signer is None or claim is None:
            return 0
        self.tokens.add(claim.token)
        try:
            ready, settled = prepare(claim)
            _settle(claim, settled, ())
            self._send(signer, claim, ready)
        finally:
            self.tokens.discard(claim.token)
        return len(claim.rows)

    def _send(self, signer: Signer, claim: Claim, ready: Sequence[Ready]) -> None:
        db.session.rollback()  # no snapshot is held while push services are talked to
        rows = {one.row.id: one.row for one in ready}
        pushes = _pushes(signer, claim, ready)
        for answers in in_groups(as_they_come(lambda said: self._sender.send(pushes, said))):
            settled = [policy.settled(rows[key], outcome) for key, outcome in answers]
            off = [(rows[key].subscription_id, outcome) for key, outcome in answers]
            _settle(claim, settled, off)
            for key, _outcome in answers:
                del rows[key]
        if rows:  # not sent in time: what an earlier attempt was answered stays with them
            claims.give_back((claim.token,))

    def _signer_for_now(self) -> Signer | None:
        contact = keyring.contact()
        db.session.rollback()
        if contact is None:
            return None
        key = keyring.current_key()
        if self._signer is None or self._signer[0] != (key.public, contact):
            self._signer = ((key.public, contact), Signer(key, contact))
        return self._signer[1]


def _settle(claim: Claim, settled: Sequence[Settled], answers: Sequence[tuple[int, Outcome]]) -> None:
    """A database that is busy is asked until the lease ends: an answer that is lost is a push that is sent twice."""
    while settled:
        try:
            _settle_once(claim, settled, answers)
            return
        except DatabaseBusy:
            if clock.now() >= claim.ends_at:
                raise


def _settle_once(claim: Claim, settled: Sequence[Settled], answers: Sequence[tuple[int, Outcome]]) -> None:
    begin_write()
    kept = claims.settle(claim, settled)
    for because in (Off.GONE, Off.UNUSABLE):
        over = [subscription_id for subscription_id, outcome in answers if policy.ends(outcome) == because]
        if over:
            subscriptions.turn_off(over, because, claimed_at=claim.claimed_at)
    db.session.commit()
    if kept < len(settled):
        log.warning("%d pushes were settled by another worker: this one was too slow", len(settled) - kept)


def _pushes(signer: Signer, claim: Claim, ready: Sequence[Ready]) -> Iterator[Push]:
    """Made one by one, as they can be sent; none so late that its answer would come after the lease."""
    secret = str(current_app.config["SECRET_KEY"]).encode()
    in_time = takewhile(lambda _one: clock.now() < claim.ends_at - ANSWERED_WITHIN, ready)
    return (_push(signer, one, secret) for one in in_time)


def _push(signer: Signer, one: Ready, secret: bytes) -> Push:
    row = one.row
    return Push(
        key=row.id,
        subscription=one.subscription,
        payload=to_payload(one.message),
        ttl_seconds=int((row.expires_at - clock.now()).total_seconds()),
        signer=signer,
        urgency=Urgency.NORMAL if row.lane == Lane.BROADCAST else Urgency.HIGH,
        topic=_topic(secret, row.kind, row.subject_id, row.subscription_id),
    )


def _topic(secret: bytes, *about: object) -> str:
    """Under the same topic a repeat replaces what was not delivered yet. Keyed, so that it tells nobody what it is."""
    digest = hmac.new(secret, ":".join(map(str, ("topic", *about))).encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()
