"""How fast a push service was sent to lately, and how fast it is sent to after an outage."""

from collections.abc import Callable
from datetime import datetime

COUNTED_SECONDS = 10.0
HALF_LIFE_SECONDS = 3600.0

TIMES_THE_USUAL = 1.9
SLOWEST = 1.0
UNKNOWN_RATE = 5.0
DOUBLES_AFTER_SECONDS = 30.0
NO_LIMIT = 5000.0


class Rate:
    """The busiest ten seconds lately; what is long ago counts for less."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._usual = 0.0
        self._since = 0.0
        self._count = 0

    def count(self) -> None:
        self._close(self._now().timestamp())
        self._count += 1

    @property
    def usual(self) -> float:
        """In one second."""
        self._close(self._now().timestamp())
        return self._usual

    def _close(self, moment: float) -> None:
        elapsed = moment - self._since
        if 0 <= elapsed < COUNTED_SECONDS:
            return
        self._usual = max(self._usual * 0.5 ** (max(elapsed, 0.0) / HALF_LIFE_SECONDS), self._count / COUNTED_SECONDS)
        self._since, self._count = moment, 0


class Pace:
    """So many pushes in a second and no more: a little less than twice the usual until the backlog of the outage can be
    gone, then twice as many every half minute until there is no limit any more."""

    def __init__(self, usual: float, careful_until: datetime, now: Callable[[], datetime]) -> None:
        self._first = max(SLOWEST, usual * TIMES_THE_USUAL) if usual else UNKNOWN_RATE
        self._careful_until = careful_until.timestamp()
        self._now = now
        self._saved = 0.0
        self._at = now().timestamp()

    @property
    def per_second(self) -> float:
        free = max(0.0, self._now().timestamp() - self._careful_until)
        return float(self._first * 2 ** min(free / DOUBLES_AFTER_SECONDS, 60.0))

    @property
    def is_over(self) -> bool:
        return self.per_second >= NO_LIMIT

    def allowed(self) -> int:
        """How many may be sent now. Little is saved up: nobody shall make up for a second that is past."""
        moment, rate = self._now().timestamp(), self.per_second
        self._saved = min(max(1.0, rate / 4), self._saved + max(0.0, moment - self._at) * rate)
        self._at = moment
        return int(self._saved)

    def use(self, number: int) -> None:
        self._saved -= number
