"""What works in a process of Celery's: the threads of a worker, resting until a task says that something is due.

Connections to push services, and what is known of them, outlive the tasks. Where no tick is heard, because Redis is
away or nobody ticks, it takes what is due by itself until one is.
"""

import logging
import time
from collections.abc import Callable, Collection

from flask import Flask
from redis.exceptions import RedisError

from webpush_app.broker import BROADCASTS, EXTENSION, MESSAGES
from webpush_app.broker.queues import TICK_SECONDS
from webpush_app.broker.site import Broker
from webpush_app.delivery.models import Lane
from webpush_app.delivery.taking import BOTH
from webpush_app.engine.works import Works
from webpush_app.logs import line
from webpush_app.protocol.transport import Transport

log = logging.getLogger(__name__)

# Who delivers a broadcast takes a message that comes meanwhile before it.
LANES: dict[str, Collection[Lane]] = {MESSAGES: (Lane.PERSONAL,), BROADCASTS: BOTH}
TURN_SECONDS = 20.0  # then other wake-ups have theirs
LOOK_EVERY_SECONDS = 0.25  # in a turn; a wake-up goes to whoever has none
LOOK_OUT_EVERY_SECONDS = 2.0
_ROUND_SECONDS = 0.01


class Crew:
    def __init__(
        self, app: Flask, transport: Transport, queues: Collection[str], is_stopping: Callable[[], bool]
    ) -> None:
        self._broker: Broker = app.extensions[EXTENSION]
        self._queues = [queue for queue in LANES if queue in queues]
        self._is_stopping = is_stopping
        self._works = Works(app, transport, [self._look_out], LOOK_EVERY_SECONDS)
        self._ticked_at = time.monotonic()
        self._is_alone = False
        self._works.start()

    def deliver(self, queue: str) -> None:
        """One turn: until nothing is due any more, or others have waited for long enough."""
        self._note_heard(queue)
        ends_at = time.monotonic() + TURN_SECONDS
        with self._works.taking(LANES[queue]):
            while not (self._works.is_idle or self._is_stopping()):
                if time.monotonic() > ends_at:
                    self._broker.wake(queue)
                    return
                time.sleep(_ROUND_SECONDS)

    def end(self) -> None:
        """What is under way is finished, and the rest handed back."""
        self._works.end(is_sudden=lambda: False)

    def _note_heard(self, queue: str) -> None:
        try:
            self._broker.heard(queue)
        except RedisError:  # what is due is looked for all the same
            log.info(line("broker_not_told", queue=queue))

    def _look_out(self) -> float:
        is_alone = not self._is_ticking()
        if is_alone != self._is_alone and not self._is_stopping():
            self._is_alone = is_alone
            change = self._works.begin if is_alone else self._works.rest
            for queue in self._queues:
                change(LANES[queue])
            log.warning(line("worker_looks_by_itself" if is_alone else "worker_is_woken_again"))
        return LOOK_OUT_EVERY_SECONDS

    def _is_ticking(self) -> bool:
        try:
            if self._broker.is_ticking():
                self._ticked_at = time.monotonic()
                return True
        except RedisError:
            return False
        # Redis may have lost what it held; but whoever looks by themselves waits for a tick.
        return not self._is_alone and time.monotonic() - self._ticked_at < 3 * TICK_SECONDS
