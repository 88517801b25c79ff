"""How much is sent to one push service at once: little at first, more with every answer that is good, less when it is
in trouble, and nothing at all when its answers say that it fails. In the memory of one worker; `pauses` tells the
others.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum

from webpush_app.delivery.acceptance import RECENT, Acceptance
from webpush_app.delivery.changes import (
    Change,
    Closed,
    GoneWave,
    HostFails,
    HostWell,
    KeyRefused,
    KeyTaken,
    Opened,
    Who,
    browser,
    in_words,
    is_browser,
)
from webpush_app.delivery.doubted_host import DoubtedHost
from webpush_app.delivery.doubted_key import DoubtedKey, refuses_our_key
from webpush_app.delivery.pace import Pace, Rate
from webpush_app.protocol.answers import Accepted, Outcome, Refused, RefusedFor, RetryLater, SubscriptionGone, Why
from webpush_app.subscriptions.push_services import Pause

FIRST_WINDOW = 8
PLACES_FOR_PERSONAL = 2
FAILURES_IN_A_ROW = 5
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


class Gate:
    def __init__(
        self, service_id: int, host: str, most: int, now: Callable[[], datetime], rate: Rate | None = None
    ) -> None:
        self.service_id = service_id
        self.host = host
        self.phase = Phase.OPEN
        self.in_flight = 0
        self.window = min(FIRST_WINDOW, most)
        self.pace: Pace | None = None
        self.has_accepted = False
        self.rate = rate or Rate(now)
        # When it last opened or closed by itself, and whether all workers know: until then they cannot say otherwise.
        self.changed = 0
        self.is_known = True
        self._most = most
        self._now = now
        self._failures_in_row = 0
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._acceptance = Acceptance(now)
        # Whose last push failed: they say once that something is wrong, and not with every attempt.
        self._troubled: set[Who] = set()
        self._forgiven: set[Who] = set()
        self._our_key = DoubtedKey(now)
        self._host = DoubtedHost(now)
        self._is_about_our_key = False
        self._notices: list[Change] = []
        self._counted = self._gone = 0
        # Who was told to slow down: at what time, and until when. What is asked for holds through an outage too.
        self._slowed: dict[Who, tuple[datetime, datetime]] = {}
        self._asked_until: datetime | None = None

    def may_send(self, *, is_personal: bool) -> bool:
        """What is personal finds a place also where a broadcast has taken all of them."""
        if self.phase is not Phase.OPEN:
            return self.phase is Phase.ONE and self.in_flight == 0
        return self.in_flight < self.window + (PLACES_FOR_PERSONAL if is_personal else 0)

    @property
    def accepts_others(self) -> bool:
        """Most of what it was sent lately was taken: what it refuses is not refused to everybody."""
        return self._acceptance.is_usual

    @property
    def refuses_everybody(self) -> bool:
        return self._acceptance.is_none

    def took_another_at(self, subscription_id: int) -> datetime | None:
        """When a push to another browser than this one was last accepted, if this worker knows of one."""
        return self._acceptance.by_another(browser(subscription_id))

    def says_nothing_by(self, outcome: Outcome) -> bool:
        """That our key is taken again is shown by a push that is accepted, and by no other answer."""
        is_asked = self._is_about_our_key and self.phase is Phase.ONE
        return is_asked and isinstance(outcome, SubscriptionGone | Refused) and not refuses_our_key(outcome)

    def sent(self) -> None:
        self.in_flight += 1
        if self.pace is None:  # what an outage has piled up is not what is usual
            self.rate.count()

    def unsent(self, *, is_refused: bool = False) -> None:
        """Nobody was asked, or the answer says nothing about the service; that it was refused is kept in mind."""
        self.in_flight -= 1
        if is_refused:
            self._acceptance.not_taken()

    def answered(self, who: Who, outcome: Outcome, *, is_old_key: bool = False) -> Change | None:
        self.in_flight -= 1
        self._count_gone(isinstance(outcome, SubscriptionGone))
        if isinstance(outcome, Accepted):
            self.has_accepted = True
            self._acceptance.taken(who)
            if self._our_key.taken(who, is_old_key=is_old_key):
                self._notices.append(KeyTaken(self.service_id, self.host))
            return self._well(who)
        self._acceptance.not_taken()
        match outcome:
            case RetryLater(why=Why.SLOW_DOWN):
                return self._slowed_down(who, outcome)
            case RetryLater() | Refused(why=RefusedFor.VAPID):
                return self._failed(who, outcome, is_old_key=is_old_key)
            case SubscriptionGone() | Refused():
                return self._well(who)

    def notices(self) -> list[Change]:
        """What an operator has to know besides, said once."""
        if wave := self.gone_wave():
            self._notices.append(wave)
        notices, self._notices = self._notices, []
        return notices

    def gone_wave(self) -> GoneWave | None:
        """Said once for each wave."""
        counted, gone = self._counted, self._gone
        if counted < LEAST_FOR_A_WAVE or gone <= SHARE_OF_A_WAVE * counted:
            return None
        self._counted = self._gone = 0
        return GoneWave(self.service_id, self.host, f"{gone} of the last {counted}")

    def close(self) -> None:
        self.phase = Phase.CLOSED
        self.window = min(FIRST_WINDOW, self._most)

    def try_one(self, *, is_about_our_key: bool = False) -> None:
        self.phase = Phase.ONE
        self._is_about_our_key = is_about_our_key
        if is_about_our_key:
            self._our_key.doubt()

    def open(self, pace: Pace | None) -> None:
        self.phase = Phase.OPEN
        self.window = min(FIRST_WINDOW, self._most)
        self.pace = pace
        self._failures_in_row = 0
        self._recent.clear()
        self._host.begin_anew()
        self._asked_until = None
        # Browsers may say it anew, once: whose every push fails is no trouble of the service. Owners of such as never
        # took a push may not: they could be lying about their key.
        forgiven = {who for who in self._troubled - self._forgiven if is_browser(who)}
        self._troubled -= forgiven
        self._forgiven = forgiven | (self._forgiven if len(self._forgiven) < MOST_TROUBLED else set())

    def _count_gone(self, is_gone: bool) -> None:
        if self._counted >= MOST_FOR_A_WAVE:  # what is long ago counts for less
            self._counted, self._gone = self._counted // 2, self._gone // 2
        self._counted += 1
        self._gone += is_gone

    def _well(self, who: Who) -> Change | None:
        self._failures_in_row = 0
        self._recent.append(True)
        self._troubled.discard(who)
        self._forgiven.discard(who)
        if self.phase is not Phase.CLOSED and self._host.well(who):
            self._notices.append(HostWell(self.service_id, self.host))
        self.window = min(self._most, self.window + 1)
        return Opened(self.service_id, self.host) if self.phase is Phase.ONE else None

    def _failed(self, who: Who, outcome: RetryLater | Refused, *, is_old_key: bool) -> Change | None:
        is_first = who not in self._troubled
        if is_first and len(self._troubled) < MOST_TROUBLED:
            self._troubled.add(who)
        is_our_key = refuses_our_key(outcome)
        if is_our_key:
            self._refused_our_key(who, outcome, is_old_key=is_old_key)
        elif said := self._host.failed(who, outcome):
            self._notices.append(HostFails(self.service_id, self.host, said, self.has_accepted))
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

    def _refused_our_key(self, who: Who, outcome: Outcome, *, is_old_key: bool) -> None:
        said = self._our_key.refused(who, outcome, is_old_key=is_old_key, accepts_others=self.accepts_others)
        if said is not None:
            self._notices.append(KeyRefused(self.service_id, self.host, said, self.has_accepted))

    def _slowed_down(self, who: Who, outcome: RetryLater) -> Change | None:
        """One browser is told so for its own sake; several at once are told it for the service's."""
        now = self._now()
        until = now + timedelta(seconds=outcome.after_seconds or 0)
        self._slowed = {key: times for key, times in self._slowed.items() if times[0] > now - SLOWED_WITHIN}
        self._slowed[who] = (now, until)
        self.window = max(1, self.window // 2)
        if self.phase is not Phase.ONE and len(self._slowed) < SLOWED_BROWSERS:
            return None
        asked_until = max(until for _at, until in self._slowed.values())
        if self.phase is Phase.CLOSED and self._asked_until is not None and asked_until <= self._asked_until:
            return None
        return self._closed(Pause.SLOW_DOWN, outcome, asked_until)

    def _closed(self, because: Pause, outcome: RetryLater | Refused, until: datetime | None = None) -> Closed:
        if until is None and isinstance(outcome, RetryLater) and outcome.after_seconds:
            until = self._now() + timedelta(seconds=outcome.after_seconds)
        self.close()
        self._asked_until = until
        said = in_words(outcome)
        return Closed(self.service_id, self.host, because, until, self.rate.usual, said, self.has_accepted)
