"""The parts of delivery, put together: take what is due, send it, write down what became of it.

Nothing is sent inside a transaction. An engine decides which threads call these; the outbox alone says what is due.
"""

import base64
import hmac
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from threading import Event, Thread

from flask import current_app

from webpush_app import clock
from webpush_app.database import db
from webpush_app.delivery import claims, pauses
from webpush_app.delivery.claims import Returned, Share
from webpush_app.delivery.counters import Counters
from webpush_app.delivery.flow import Answered, Flow, Happened
from webpush_app.delivery.gate import Untried
from webpush_app.delivery.models import Lane
from webpush_app.delivery.pauses import Standing
from webpush_app.delivery.policy import in_a_word
from webpush_app.delivery.preparing import Prepared, Ready, prepare
from webpush_app.delivery.settling import write_down
from webpush_app.delivery.signers import Signers
from webpush_app.errors import DatabaseBusy
from webpush_app.protocol.message import Message, Urgency, to_payload
from webpush_app.protocol.sender import Push, Sender
from webpush_app.protocol.transport import Transport
from webpush_app.subscriptions import keyring

BOTH = (Lane.PERSONAL, Lane.BROADCAST)
GROUP = 100
LOOKED_THROUGH = 200
TICK_SECONDS = 0.005


class Dispatcher:
    """Keeps what outlives a round: connections to push services, signatures, and how each service is."""

    def __init__(self, transport: Transport, counters: Counters | None = None) -> None:
        self._transport = transport
        self._sender = Sender(transport)
        self._counters = counters or Counters()
        self._signers: Signers | None = None
        self._untried: set[int] = set()
        self.room_came = Event()
        self.flow = Flow(transport.parallel, lambda: clock.now(), self.room_came)  # noqa: PLW0108 - a test may set the clock later

    def take(self, lanes: Collection[Lane] = BOTH) -> int:
        """How many rows were taken; 0 when nothing is due or there is no room, or nothing can be signed yet."""
        signers = self._signers_for_now()
        if signers is None:
            return 0
        standings = pauses.read_standings()
        self.flow.meet(standings)
        shares = self._shares(standings, lanes)
        if not shares:
            return 0
        claim = claims.claim_due(shares)
        tried = {one.id for one in standings if one.is_paused} & {share.service_id for share in shares}
        made = _one_of_each(tried, prepare(claim, signers))
        db.session.rollback()  # no snapshot is held while push services are talked to
        self.flow.add(made.ready)
        self._transport.wake()
        self._untried = tried - {one.row.service_id for one in made.ready}
        if made.settled or made.returned or self._untried:
            write_down([*made.returned, *map(Untried, self._untried)], made.settled)
        return len(claim.rows)

    def send(self, *, until_empty: bool = False) -> None:
        """Until the flow is closed, or, where that is asked for, empty. Needs no database."""
        self._sender.send(self._pushes(until_empty, _secret()), self.flow.answered)

    def settle(self) -> int:
        """What has happened since, written down; how many things that were."""
        happened = list(islice(self.flow.happened, GROUP))
        if happened:
            try:
                write_down(happened)
            except DatabaseBusy:  # it is kept, for what is not written down is sent twice
                raise
            except Exception:
                self.flow.written_down(len(happened))
                raise
            self.flow.written_down(len(happened))
            self._count(happened)
        return len(happened)

    def deliver_batch(self, lanes: Collection[Lane] = BOTH) -> int:
        """One round of all three, to its end; how many rows were taken."""
        taken = self.take(lanes)
        app = current_app._get_current_object()  # type: ignore[attr-defined]

        def send() -> None:
            with app.app_context():
                self.send(until_empty=True)

        sending = Thread(target=send, daemon=True)
        sending.start()
        while sending.is_alive() or self.flow.happened:
            if not self.settle():
                sending.join(TICK_SECONDS)
        return taken

    def _shares(self, standings: Sequence[Standing], lanes: Collection[Lane]) -> list[Share]:
        shares: list[Share] = []
        has_suspect = self.flow.has_suspect
        for one in standings:
            shares += self._shares_of(one, lanes, may_be_suspect=not has_suspect)
            has_suspect = has_suspect or any(share.is_suspect for share in shares)
        return shares

    def _shares_of(self, one: Standing, lanes: Collection[Lane], *, may_be_suspect: bool) -> list[Share]:
        due = [lane for lane in sorted(lanes) if (one.has_broadcast if lane else one.has_personal)]
        suspect = [lane for lane in sorted(lanes) if (one.has_suspect_broadcast if lane else one.has_suspect_personal)]
        if one.is_paused:
            return self._probe(one, due, suspect)
        if suspect and may_be_suspect and self.flow.room(one.id, Lane.PERSONAL):
            return [Share(one.id, suspect[0], 1, is_suspect=True)]
        shares = [Share(one.id, lane, self.flow.room(one.id, lane)) for lane in due[:1]]
        return [share for share in shares if share.most]

    def _probe(self, one: Standing, due: list[Lane], suspect: list[Lane]) -> list[Share]:
        is_wanted = bool(due or suspect) and one.may_be_probed(clock.now())
        if not is_wanted or not pauses.begin_probe(one.id):
            return []
        self.flow.try_one(one.id)
        # Much of what is due may be of no use any more after a long pause: that must not hold up the trial.
        most = LOOKED_THROUGH if due and one.id in self._untried else 1
        return [Share(one.id, (due or suspect)[0], most, is_suspect=not due)]

    def _count(self, happened: Sequence[Happened]) -> None:
        for one in happened:
            if isinstance(one, Answered):
                self._counters.answered(one.host, in_a_word(one.outcome), one.seconds)

    def _signers_for_now(self) -> Signers | None:
        contact = keyring.contact()
        db.session.rollback()
        if contact is None:
            return None
        keys = keyring.keys()
        if self._signers is None or not self._signers.are_of(keys, contact):
            self._signers = Signers(keys, contact)
        return self._signers

    def _pushes(self, until_empty: bool, secret: bytes) -> Iterator[Push | None]:
        flow = self.flow
        while True:
            ready = flow.next()
            if ready is not None:
                yield _push(ready, secret)
            elif flow.is_closed or (until_empty and not flow.has_waiting):
                return
            else:
                yield None


def _one_of_each(tried: Collection[int], made: Prepared) -> Prepared:
    """Of a push service that is tried one push is sent; what else was looked through goes back."""
    ready: list[Ready] = []
    seen: set[int] = set()
    for one in made.ready:
        if one.row.service_id in seen:
            made.returned.append(Returned(one.row, clock.now()))
        else:
            ready.append(one)
        seen |= {one.row.service_id} & set(tried)
    return made._replace(ready=ready)


def _secret() -> bytes:
    return str(current_app.config["SECRET_KEY"]).encode()


def _push(ready: Ready, secret: bytes) -> Push:
    row = ready.row
    return Push(
        key=row.id,
        subscription=ready.subscription,
        payload=_payload_for_many(ready.message) if row.lane else to_payload(ready.message),
        ttl_seconds=int((row.expires_at - clock.now()).total_seconds()),
        urgency=Urgency.NORMAL if row.lane else Urgency.HIGH,
        topic=_topic(secret, f"{row.kind}:{row.subject_id}:{row.subscription_id}"),
        signer=ready.signer,
    )


@lru_cache(maxsize=64)
def _payload_for_many(message: Message) -> bytes:
    """A broadcast says the same to everybody."""
    return to_payload(message)


def _topic(secret: bytes, about: str) -> str:
    """Under the same topic a repeat replaces what was not delivered yet. Keyed, so that it tells nobody what it is."""
    digest = hmac.digest(secret, b"topic:" + about.encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:24]).decode()
