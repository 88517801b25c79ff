"""The parts of delivery, put together: take what is due, send it, write down what became of it.

Nothing is sent inside a transaction. An engine decides which threads call these; the outbox alone says what is due.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from threading import Event, Lock, Thread

from flask import current_app

from webpush_app import clock
from webpush_app.database import db
from webpush_app.delivery import claims
from webpush_app.delivery.addressing import Addresser
from webpush_app.delivery.claims import Returned
from webpush_app.delivery.counters import Counters
from webpush_app.delivery.fellows import Fellows
from webpush_app.delivery.flow import GROUP, Flow
from webpush_app.delivery.happened import Answered, Happened
from webpush_app.delivery.models import Lane
from webpush_app.delivery.policy import in_a_word
from webpush_app.delivery.settling import write_down
from webpush_app.delivery.taking import BOTH, Taker
from webpush_app.errors import DatabaseBusy
from webpush_app.logs import line
from webpush_app.protocol.sender import Push, Sender
from webpush_app.protocol.transport import Transport

log = logging.getLogger(__name__)

TICK_SECONDS = 0.005


class Dispatcher:
    """Keeps what outlives a round: connections to push services, signatures, and how each service is."""

    def __init__(self, transport: Transport) -> None:
        self._sender = Sender(transport)
        self.counters = Counters()
        self.room_came = Event()
        # Asked for each time: a test may set the clock later.
        self.fellows = Fellows(lambda: clock.now())  # noqa: PLW0108
        self.flow = Flow(transport.parallel, lambda: clock.now(), self.room_came, self.fellows)  # noqa: PLW0108
        self._settling = Lock()
        self._taker = Taker(self.flow, self.counters, transport.wake)

    def take(self, lanes: Collection[Lane] = BOTH) -> int:
        return self._taker.take(lanes)

    @property
    def has_taken_all(self) -> bool:
        """There is nothing more to take until there is room again, or something new is due."""
        return self._taker.has_taken_all

    @property
    def has_no_room(self) -> bool:
        """Something is due that could not be taken."""
        return self._taker.has_no_room

    def send(self, *, until_empty: bool = False) -> None:
        """Until the flow is closed, or, where that is asked for, empty. Needs no database."""
        try:
            pushes = self._pushes(until_empty, Addresser(current_app.config["SECRET_KEY"]))
            self._sender.send(pushes, self.flow.answered)
        finally:
            self.flow.broke_off()  # where it did not, nothing is under way any more

    def settle(self) -> int:
        """What has happened since, written down; how many things that were."""
        with self._settling:
            happened = list(islice(self.flow.happened, 2 * GROUP))
            if happened:
                self._write_down(happened)
                self.flow.written_down(len(happened))
                self._count(happened)
        return len(happened)

    def hand_back(self) -> None:
        """At the end: what is answered is written down, and everything else is anybody's again at once."""
        while self.settle():
            pass
        if under_way := self.flow.under_way:
            claims.give_back_at_once(under_way)

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

    def _write_down(self, happened: Sequence[Happened]) -> None:
        """Together, or else one by one: what cannot be written down takes no other with it. While the database is busy
        everything is kept, for what is not written down is sent twice."""
        try:
            write_down(happened)
        except DatabaseBusy:
            raise
        except Exception:
            log.exception(line("answers_not_written", number=len(happened)))
            for one in happened:
                _write_down_alone(one)

    def _count(self, happened: Sequence[Happened]) -> None:
        answered = [one for one in happened if isinstance(one, Answered)]
        for one in answered:
            self.counters.answered(one.host, in_a_word(one.outcome), one.seconds)
        self.counters.settled(len(answered))
        self.counters.given_back(sum(isinstance(one, Returned) for one in happened))

    def _pushes(self, until_empty: bool, addresser: Addresser) -> Iterator[Push | None]:
        flow = self.flow
        while True:
            ready = flow.next()
            if ready is not None:
                yield addresser.push(ready)
            elif flow.is_closed or (until_empty and not flow.has_waiting):
                return
            else:
                yield None


def _write_down_alone(one: Happened) -> None:
    try:
        write_down([one])
    except DatabaseBusy:
        raise
    except Exception:
        db.session.rollback()
        log.exception(line("answer_not_written", kind=type(one).__name__))
