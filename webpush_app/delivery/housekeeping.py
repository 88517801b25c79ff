"""A worker's hourly round: the steps that keep the tables small, one at a time with pauses between them."""

import logging
import random
import time
from collections import deque
from collections.abc import Callable, Sequence

from webpush_app.delivery.tidy import Step
from webpush_app.errors import DatabaseBusy
from webpush_app.logs import line

log = logging.getLogger(__name__)

EVERY_SECONDS = 3600.0
# Between two steps people who write get their turn.
PAUSE_SECONDS = 0.05
BUSY_SECONDS = 5.0
# Workers that start together, or again and again, do not all begin with it.
FIRST_SECONDS = (30.0, 90.0)


class HouseKeeping:
    """Call `step` from one thread, within an app context; it says when it wants to be called again."""

    def __init__(self, make_steps: Callable[[], Sequence[Step]], *, first_seconds: float | None = None) -> None:
        self._make_steps = make_steps
        self._left: deque[Step] = deque()
        wait = random.uniform(*FIRST_SECONDS) if first_seconds is None else first_seconds  # noqa: S311 - not a secret
        self._due_at = time.monotonic() + wait

    def step(self) -> float:
        """Does a little, if it is time for it; returns how many seconds may pass until the next call."""
        left = self._due_at - time.monotonic()
        if left > 0:
            return left
        self._left = self._left or deque(self._make_steps())
        wait = self._do()
        self._due_at = time.monotonic() + wait
        return wait

    def _do(self) -> float:
        try:
            has_more = self._left[0]()
        except DatabaseBusy:
            return BUSY_SECONDS
        except Exception:
            # The others are done all the same; this one is tried again with the next round.
            log.exception(line("house_keeping_failed", step=getattr(self._left[0], "__qualname__", "?")))
            has_more = False
        if not has_more:
            self._left.popleft()
        return PAUSE_SECONDS if self._left else EVERY_SECONDS
