"""The worker's rounds: several threads that deliver, one that fills the outbox, and one that listens.

The first thread takes what is personal alone, so a broadcast never holds all of them. Each round has an app context of
its own, and with it a database session.
"""

import logging
import threading
import time
from collections.abc import Callable

from flask import Flask

from webpush_app.broadcasts.service import fan_out_step
from webpush_app.delivery.claims import give_back
from webpush_app.delivery.dispatcher import Dispatcher
from webpush_app.delivery.doorbell import Doorbell
from webpush_app.delivery.models import Lane

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 1.0
DRAIN_SECONDS = 15.0

Round = Callable[[], object]  # true when there may be more to do at once


class Loop:
    def __init__(self, app: Flask, dispatcher: Dispatcher, doorbell: Doorbell, *, also: int | None = None) -> None:
        self._app = app
        self._dispatcher = dispatcher
        self._doorbell = doorbell
        self._parent = [] if also is None else [also]
        self._bell = threading.Condition()
        self._rung = 0
        self._is_stopping = False
        both = (Lane.PERSONAL, Lane.BROADCAST)
        self._rounds: list[Round] = [
            lambda: dispatcher.deliver_batch((Lane.PERSONAL,)),
            lambda: dispatcher.deliver_batch(both),
            lambda: dispatcher.deliver_batch(both),
            fan_out_step,
        ]

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
        tokens = tuple(self._dispatcher.tokens)
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
