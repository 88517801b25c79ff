"""The embedded worker's rounds: everything that is due is taken, from the start to the end, and the doorbell says when
to look at once."""

from collections.abc import Callable

from flask import Flask

from webpush_app.delivery.doorbell import Doorbell
from webpush_app.delivery.taking import BOTH
from webpush_app.engine import works
from webpush_app.engine.rounds import house_keeping
from webpush_app.engine.works import Works
from webpush_app.protocol.transport import Transport


class Loop:
    def __init__(self, app: Flask, transport: Transport, doorbell: Doorbell, *, also: int | None = None) -> None:
        self._works = Works(app, transport, [house_keeping().step])
        self._doorbell = doorbell
        self._parent = [] if also is None else [also]
        self._is_stopping = False

    def run(self, is_sudden: Callable[[], bool]) -> None:
        """Until `stop()` is called, or whoever started this process is gone."""
        self._works.start()
        with self._works.taking(BOTH):
            while not self._is_stopping:
                if self._doorbell.wait(works.LOOK_EVERY_SECONDS, self._parent):
                    self._is_stopping = True
                self._works.wake()
        self._works.end(is_sudden)

    def stop(self) -> None:
        """From a signal's handler: nothing more is taken; what is under way is finished."""
        self._is_stopping = True
        self._doorbell.ring()
