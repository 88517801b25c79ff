"""How much is sent to one push service at once: little at first, more with every answer that is good, less when it is
in trouble, and nothing at all when its answers say that it fails. In the memory of one worker; `pauses` tells the
others.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from webpush_app.delivery.pace import Pace, Rate
from webpush_app.protocol.answers import Accepted, Outcome, Refused, RefusedFor, RetryLater, SubscriptionGone, Why
from webpush_app.subscriptions.push_services import Pause

FIRST_WINDOW = 8
PLACES_FOR_PERSONAL = 2
FAILURES_IN_A_ROW = 5
RECENT = 20
SLOWED_BROWSERS = 5
SLOWED_WITHIN = timedelta(seconds=60)
MOST_TROUBLED = 10_000
LEAST_FOR_A_WAVE = 50
MOST_FOR_A_WAVE = 500
SHARE_OF_A_WAVE = 0.2


class Phase(Enum):
    OPEN = "open"
    CLOSED = "closed"
    ONE = "one"  # one push is sent, and its answer decides


class Opened(NamedTuple):
    """The service answered the one push that tried it."""

    service_id: int
    host: str


class Closed(NamedTuple):
    service_id: int
    host: str
    because: Pause
    asked_until: datetime | None
    usual_rate: float
    said: str


class GoneWave(NamedTuple):
    """So many of its browsers are gone at once that its word should be doubted."""

    host: str
    said: str


Change = Opened | Closed | GoneWave


class Gate:
    def __init__(self, service_id: int, host: str, most: int, now: Callable[[], datetime]) -> None:
        self.service_id = service_id
        self.host = host
        self.phase = Phase.OPEN
        self.in_flight = 0
        self.window = min(FIRST_WINDOW, most)
        self.pace: Pace | None = None
        self.rate = Rate(now)
        # When it last opened or closed by itself, and whether all workers know: until then they cannot say otherwise.
        self.changed = 0
        self.is_known = True
        self._most = most
        self._now = now
        self._failures_in_row = 0
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._accepted: deque[bool] = deque(maxlen=RECENT)
        # Browsers whose last push failed: they say once that something is wrong, and not with every attempt.
        self._troubled: set[int] = set()
        self._counted = self._gone = 0
        self._slowed: dict[int, tuple[datetime, datetime]] = {}

    def may_send(self, *, is_personal: bool) -> bool:
        """What is personal finds a place also where a broadcast has taken all of them."""
        if self.phase is not Phase.OPEN:
            return self.phase is Phase.ONE and self.in_flight == 0
        return self.in_flight < self.window + (PLACES_FOR_PERSONAL if is_personal else 0)

    @property
    def accepts_others(self) -> bool:
        """Most of what it was sent lately was taken: what it refuses is not refused to everybody."""
        return 2 * sum(self._accepted) > len(self._accepted)

    def sent(self) -> None:
        self.in_flight += 1
        self.rate.count()

    def unsent(self) -> None:
        """Nobody was asked, or the answer says nothing about the service."""
        self.in_flight -= 1

    def answered(self, subscription_id: int, outcome: Outcome) -> Change | None:
        self.in_flight -= 1
        self._accepted.append(isinstance(outcome, Accepted))
        self._count_gone(isinstance(outcome, SubscriptionGone))
        if isinstance(outcome, Accepted):
            return self._well(subscription_id)
        match outcome:
            case RetryLater(why=Why.SLOW_DOWN):
                return self._slowed_down(subscription_id, outcome)
            case RetryLater() | Refused(why=RefusedFor.VAPID):
                return self._failed(subscription_id, outcome)
            case SubscriptionGone() | Refused():
                return self._well(subscription_id)

    def gone_wave(self) -> GoneWave | None:
        """Said once for each wave."""
        counted, gone = self._counted, self._gone
        if counted < LEAST_FOR_A_WAVE or gone <= SHARE_OF_A_WAVE * counted:
            return None
        self._counted = self._gone = 0
        return GoneWave(self.host, f"{gone} of the last {counted}")

    def close(self) -> None:
        self.phase = Phase.CLOSED
        self.window = min(FIRST_WINDOW, self._most)

    def try_one(self) -> None:
        self.phase = Phase.ONE

    def open(self, pace: Pace | None) -> None:
        self.phase = Phase.OPEN
        self.window = min(FIRST_WINDOW, self._most)
        self.pace = pace
        self._failures_in_row = 0
        self._recent.clear()
        self._slowed.clear()

    def _count_gone(self, is_gone: bool) -> None:
        if self._counted >= MOST_FOR_A_WAVE:  # what is long ago counts for less
            self._counted, self._gone = self._counted // 2, self._gone // 2
        self._counted += 1
        self._gone += is_gone

    def _well(self, subscription_id: int) -> Change | None:
        self._failures_in_row = 0
        self._recent.append(True)
        self._troubled.discard(subscription_id)
        self.window = min(self._most, self.window + 1)
        return Opened(self.service_id, self.host) if self.phase is Phase.ONE else None

    def _failed(self, subscription_id: int, outcome: RetryLater | Refused) -> Change | None:
        is_first = subscription_id not in self._troubled
        if is_first and len(self._troubled) < MOST_TROUBLED:
            self._troubled.add(subscription_id)
        is_our_key = isinstance(outcome, Refused)
        if self.phase is Phase.ONE:
            return self._closed(Pause.OUR_KEY if is_our_key else Pause.BROKEN, outcome)
        if not is_first or self.phase is Phase.CLOSED:
            return None
        self.window = 1 if is_our_key else max(1, self.window * 3 // 4)
        self._failures_in_row += 1
        self._recent.append(False)
        is_half = len(self._recent) == RECENT and 2 * sum(self._recent) <= RECENT
        if self._failures_in_row < FAILURES_IN_A_ROW and not is_half:
            return None
        return self._closed(Pause.OUR_KEY if is_our_key else Pause.BROKEN, outcome)

    def _slowed_down(self, subscription_id: int, outcome: RetryLater) -> Change | None:
        """One browser is told so for its own sake; several at once are told it for the service's."""
        now = self._now()
        until = now + timedelta(seconds=outcome.after_seconds or 0)
        self._slowed = {key: times for key, times in self._slowed.items() if times[0] > now - SLOWED_WITHIN}
        self._slowed[subscription_id] = (now, until)
        self.window = max(1, self.window // 2)
        if self.phase is Phase.CLOSED or (self.phase is Phase.OPEN and len(self._slowed) < SLOWED_BROWSERS):
            return None
        return self._closed(Pause.SLOW_DOWN, outcome, max(until for _at, until in self._slowed.values()))

    def _closed(self, because: Pause, outcome: RetryLater | Refused, until: datetime | None = None) -> Closed:
        if until is None and isinstance(outcome, RetryLater) and outcome.after_seconds:
            until = self._now() + timedelta(seconds=outcome.after_seconds)
        self.close()
        said = " ".join(str(part) for part in (outcome.status, outcome.said) if part)
        return Closed(self.service_id, self.host, because, until, self.rate.usual, said)
