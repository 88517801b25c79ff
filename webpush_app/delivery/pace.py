"""How fast a push service was sent to lately, and how fast it is sent to after an outage."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from threading import Lock
from typing import Any

COUNTED_SECONDS = 10.0
HALF_LIFE_SECONDS = 3600.0
# What a worker says of the last minute: the others may have been kept from reading it for a while.
WINDOWS_KEPT = 6

TIMES_THE_USUAL = 1.9
MOST_TIMES_THE_USUAL = 2.0
SLOWEST = 1.0
UNKNOWN_RATE = 5.0
DOUBLES_AFTER_SECONDS = 30.0
NO_LIMIT = 5000.0

Said = Mapping[str, Any]
"""As JSON has it."""


class Rate:
    """The busiest ten seconds lately, of all workers together; what is long ago counts for less. Each window of ten
    seconds begins in the same instant for all of them, so that what they have counted can be added up. May be used from
    any thread."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = Lock()
        self._usual = 0.0
        self._window = 0
        self._own: dict[int, int] = {}
        self._others: dict[int, int] = {}

    def count(self) -> None:
        with self._lock:
            window = self._roll()
            self._own[window] = self._own.get(window, 0) + 1

    @property
    def usual(self) -> float:
        """In one second."""
        with self._lock:
            self._roll()
            return self._usual

    def says(self) -> Said:
        """To the others: what is usual as of which window, and what this worker has sent in each of the last."""
        with self._lock:
            window = self._roll()
            return {"usual": self._usual, "window": window, "sent": sorted(self._own.items())}

    def hear(self, said: Iterable[Said]) -> None:
        """What each of the others has said last."""
        with self._lock:
            window = self._roll()
            self._others = {}
            for one in said:
                self._usual = max(self._usual, one["usual"] * _left_of(window - one["window"]))
                for place, number in one["sent"]:
                    self._others[place] = self._others.get(place, 0) + number
            self._note(window)

    def _roll(self) -> int:
        window = int(self._now().timestamp() // COUNTED_SECONDS)
        if window != self._window:
            self._usual *= _left_of(window - self._window)
            self._note(window)
            self._window = window
            for sent in (self._own, self._others):
                for one in [one for one in sent if abs(window - one) > WINDOWS_KEPT]:
                    del sent[one]
        return window

    def _note(self, window: int) -> None:
        """Those windows that are over."""
        for one in {*self._own, *self._others}:
            if one < window:
                number = self._own.get(one, 0) + self._others.get(one, 0)
                self._usual = max(self._usual, number / COUNTED_SECONDS * _left_of(window - 1 - one))


def _left_of(windows: int) -> float:
    return float(0.5 ** (max(windows, 0) * COUNTED_SECONDS / HALF_LIFE_SECONDS))


class Pace:
    """So many pushes in a second and no more: a little less than twice the usual until the backlog of the outage can be
    gone, then twice as many every half minute until there is no limit any more. Of this a worker sends its share, and
    in no second more, for the others may do the same in that second."""

    def __init__(
        self,
        usual: float,
        careful_until: datetime,
        now: Callable[[], datetime],
        share: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self._first = max(SLOWEST, usual * TIMES_THE_USUAL) if usual else UNKNOWN_RATE
        self._careful_until = careful_until.timestamp()
        self._now = now
        self._share = share
        self._saved = 0.0
        self._at = now().timestamp()
        self._used: deque[tuple[float, int]] = deque()  # within the last second

    @property
    def per_second(self) -> float:
        """Of all workers."""
        free = max(0.0, self._now().timestamp() - self._careful_until)
        return float(self._first * 2 ** min(free / DOUBLES_AFTER_SECONDS, 60.0))

    @property
    def is_over(self) -> bool:
        return self.per_second >= NO_LIMIT

    def allowed(self) -> int:
        """How many may be sent now. Little is saved up, beside the part of one that is on its way: nobody shall make up
        for a second that is past."""
        moment, rate = self._now().timestamp(), self.per_second * self._share()
        self._saved = min(max(1.0, rate / 4) + 1, self._saved + max(0.0, moment - self._at) * rate)
        self._at = moment
        while self._used and not 0 <= moment - self._used[0][0] < 1:
            self._used.popleft()
        most = max(1, int(rate / TIMES_THE_USUAL * MOST_TIMES_THE_USUAL))
        return max(0, min(int(self._saved), most - sum(number for _at, number in self._used)))

    def use(self, number: int) -> None:
        self._saved -= number
        self._used.append((self._at, number))
