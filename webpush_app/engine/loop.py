"""The worker's rounds: several threads that deliver, one that fills the outbox, and one that listens.

The first thread takes what is personal alone, and each has connections of its own: a broadcast to a push service that
hangs holds up no message. Each round has an app context of its own, and with it a database session.
"""

import logging
import threading
import time
from collections.abc import Callable
from functools import partial

from flask import Flask

from webpush_app.broadcasts.service import fan_out_step
from webpush_app.delivery.claims import give_back
from webpush_app.delivery.dispatcher import Dispatcher
from webpush_app.delivery.doorbell import Doorbell
from webpush_app.delivery.models import Lane
from webpush_app.protocol.transport import Transport

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0
DRAIN_SECONDS = 15.0
BETWEEN_STEPS_SECONDS = 0.02

Round = Callable[[], object]  # true when there may be more to do at once


class Loop:
    def __init__(
        self, app: Flask, make_transport: Callable[[], Transport], doorbell: Doorbell, *, also: int | None = None
    ) -> None:
        self._app = app
        self._doorbell = doorbell
        self._parent = [] if also is None else [also]
        self._bell = threading.Condition()
        self._rung = 0
        self._is_stopping = False
        both = (Lane.PERSONAL, Lane.BROADCAST)
        self._dispatchers = [(Dispatcher(make_transport()), lanes) for lanes in ((Lane.PERSONAL,), both, both)]
        self._rounds: list[Round] = [_fan_out, *(partial(one.deliver_batch, lanes) for one, lanes in self._dispatchers)]

    def run(self, is_sudden: Callable[[], bool]) -> None:
        """Until `stop()` is called, or whoever started this process is gone. Then what is under way is finished, or,
        where the stop is sudden or push services take too long, handed back: it is anybody's again at once."""
        threads = [threading.Thread(target=self._repeat, args=(one,), daemon=True) for one in self._rounds]
        for thread in threads:
            thread.start()
        while not self._is_stopping:
            if self._doorbell.wait(LOOK_EVERY_SECONDS, self._parent):
                self._is_stopping = True
            self._wake()
        deadline = time.monotonic() + DRAIN_SECONDS
        while any(thread.is_alive() for thread in threads) and time.monotonic() < deadline and not is_sudden():
            time.sleep(0.01)
        self._give_back()

    def stop(self) -> None:
        """From a signal's handler: nothing more is taken; what is under way is finished."""
        self._is_stopping = True
        self._doorbell.ring()

    def _give_back(self) -> None:
        tokens = {token for one, _lanes in self._dispatchers for token in tuple(one.tokens)}
        if tokens:
            with self._app.app_context():
                give_back(tokens)

    def _repeat(self, one_round: Round) -> None:
        while not self._is_stopping:
            heard = self._rung
            if not self._do(one_round):
                self._wait(heard)

    def _do(self, one_round: Round) -> bool:
        try:
            with self._app.app_context():
                return bool(one_round())
        except Exception:
            # The rows come back when their lease ends.
            log.exception("a round of the worker failed; it goes on with the next one")
            return False

    def _wait(self, heard: int) -> None:
        with self._bell:
            self._bell.wait_for(lambda: self._rung != heard or self._is_stopping, timeout=LOOK_EVERY_SECONDS)

    def _wake(self) -> None:
        with self._bell:
            self._rung += 1
            self._bell.notify_all()


def _fan_out() -> bool:
    """People who write get their turn between two steps."""
    has_done = fan_out_step()
    if has_done:
        time.sleep(BETWEEN_STEPS_SECONDS)
    return has_done
