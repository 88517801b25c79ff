"""What is taken and waits, in the memory of one worker, until its push service may be sent to.

One thread fills it, one empties it into the transport, and one writes down what comes out. Each push service has a gate
and queues of its own: a slow one holds up none of the others, and what is personal overtakes what is for many.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from webpush_app.delivery.claims import Returned
from webpush_app.delivery.gate import Closed, Gate, Opened, Phase
from webpush_app.delivery.happened import Answered, Happened, is_about_the_service
from webpush_app.delivery.models import Lane
from webpush_app.delivery.pace import Pace
from webpush_app.delivery.pauses import Standing
from webpush_app.delivery.preparing import Ready
from webpush_app.protocol.answers import Accepted, Outcome, RetryLater

# So many times what is sent at once is taken ahead: enough never to wait for the database, and few to be sent again
# should the worker die.
AHEAD = 4
# So many answers are written down together.
GROUP = 100
MOST_OF_ONE_SERVICE_AT_ONCE = 64
MOST_HELD = 20_000


class Flow:
    def __init__(self, parallel: int, now: Callable[[], datetime], room_came: threading.Event) -> None:
        # A few places of the transport are always free for what is personal, and some for the other services.
        self._most_for_many = max(1, parallel * 3 // 4)
        self._most = min(MOST_OF_ONE_SERVICE_AT_ONCE, max(1, parallel // 2))
        self._for_many_under_way = 0
        self._changes = 0
        self._now = now
        self._room_came = room_came
        self._lock = threading.Lock()
        self._gates: dict[int, Gate] = {}
        # For each lane: what waits for each push service, whose turn it is first.
        self._waiting: tuple[dict[int, deque[Ready]], ...] = tuple({} for _lane in Lane)
        self._under_way: dict[int, tuple[Ready, float]] = {}
        self._asked_for_more: set[int] = set()
        self._held: dict[int, datetime] = {}
        self.happened: deque[Happened] = deque()
        self.something_happened = threading.Event()
        # There is enough to be written down together, or somebody waits for it.
        self.much_happened = threading.Event()
        self.is_closed = False

    @property
    def has_waiting(self) -> bool:
        return any(any(queues.values()) for queues in self._waiting)

    @property
    def is_paced(self) -> bool:
        return any(gate.pace is not None for gate in tuple(self._gates.values()))

    @property
    def has_suspect(self) -> bool:
        """One at a time, until it is written down: what is there beside another when a worker dies is suspect again."""
        happened = [one for one in tuple(self.happened) if isinstance(one, Answered | Returned)]
        return any(one.row.crashes for one in (*self._here(), *happened))

    def tokens(self) -> set[str]:
        return {one.row.lease_token for one in self._here()}

    def mark(self) -> int:
        """To be taken before the standings are read."""
        return self._changes

    def meet(self, standings: Iterable[Standing], mark: int) -> None:
        """What all workers knew about the push services after the mark. What was found out here since then, or is not
        written down yet, is newer."""
        with self._lock:
            for one in standings:
                gate = self._gates.get(one.id) or self._add_gate(one)
                if not gate.is_known or gate.changed > mark:
                    continue
                if one.is_paused and gate.phase is Phase.OPEN:
                    gate.close()
                    self._withdraw(one.id)
                elif not one.is_paused and gate.phase is not Phase.OPEN:
                    gate.open(self._pace(one, gate))

    def written_down(self, number: int) -> None:
        """So many of the first things that happened: all workers know them now."""
        with self._lock:
            for one in [self.happened.popleft() for _ in range(number)]:
                match one:
                    case Opened() | Closed():
                        self._note_change(self._gates[one.service_id], is_known=True)
                    case Answered() | Returned() if one.row.crashes:
                        self._room_came.set()  # only now may the next suspect be taken

    def try_one(self, service_id: int) -> None:
        with self._lock:
            self._gates[service_id].try_one()

    def close_one(self, service_id: int) -> None:
        with self._lock:
            self._gates[service_id].close()

    def room(self, service_id: int, lane: Lane) -> int:
        """How many more may be taken. What is personal has a room of its own, for a broadcast fills all of it."""
        with self._lock:
            gate = self._gates[service_id]
            if self.is_closed or gate.phase is Phase.CLOSED:
                return 0
            waiting = len(self._waiting[lane].get(service_id, ()))
            if gate.phase is Phase.ONE:
                return 0 if waiting or gate.in_flight else 1
            room = AHEAD * gate.window - waiting
            if lane is Lane.BROADCAST and 2 * room < AHEAD * gate.window:
                return 0  # a few at a time would cost as much as many
            if gate.pace is not None and gate.pace.is_over:
                gate.pace = None
            return max(0, room if gate.pace is None else min(room, gate.pace.allowed()))

    def add(self, ready: Sequence[Ready]) -> None:
        with self._lock:
            for one in ready:
                service_id = one.row.service_id
                gate = self._gates[service_id]
                if gate.pace is not None:
                    gate.pace.use(1)
                self._waiting[one.row.lane].setdefault(service_id, deque()).append(one)
                self._asked_for_more.discard(service_id)
                if self.is_closed or gate.phase is Phase.CLOSED:
                    self._withdraw(service_id)

    def next(self) -> Ready | None:
        """What may be sent now; what is personal first, and each push service in its turn."""
        with self._lock:
            for lane, queues in enumerate(self._waiting):
                if lane and self._for_many_under_way >= self._most_for_many:
                    break
                for service_id, queue in queues.items():
                    if not queue or not self._gates[service_id].may_send(is_personal=not lane):
                        continue
                    if len(queues) > 1:
                        queues[service_id] = queues.pop(service_id)  # the others are first in the next turn
                    if one := self._first_to_send(service_id, queue):
                        return one
        return None

    def answered(self, push_id: int, outcome: Outcome) -> None:
        with self._lock:
            one, sent_at = self._under_way.pop(push_id)
            self._for_many_under_way -= one.row.lane
            gate = self._gates[one.row.service_id]
            change = None
            if is_about_the_service(one, outcome):
                change = gate.answered(one.row.subscription_id, outcome)
            else:
                gate.unsent()
            self._hold(one, outcome)
            seconds = time.monotonic() - sent_at
            accepts_others = isinstance(outcome, Accepted) or gate.accepts_others
            self.happened.append(Answered(one, outcome, accepts_others, gate.host, seconds))
            if wave := gate.gone_wave():
                self.happened.append(wave)
            if change is not None:
                self._note_change(gate, is_known=False)
                self.happened.append(change)
            if isinstance(change, Closed):
                self._withdraw(one.row.service_id)
        # Asked first: it costs less than to set it again for each answer.
        if not self.something_happened.is_set():
            self.something_happened.set()
        if (len(self.happened) >= GROUP or one.row.crashes) and not self.much_happened.is_set():
            self.much_happened.set()

    def close(self) -> None:
        """Nothing more is sent; what waits is handed back."""
        with self._lock:
            self.is_closed = True
            for service_id in self._gates:
                self._withdraw(service_id)

    def _ask_for_more(self, service_id: int) -> None:
        """Once, until more has come."""
        if service_id not in self._asked_for_more:
            self._asked_for_more.add(service_id)
            self._room_came.set()

    def _add_gate(self, standing: Standing) -> Gate:
        gate = self._gates[standing.id] = Gate(standing.id, standing.host, self._most, self._now)
        if standing.careful_until is not None and standing.careful_until > self._now():
            gate.pace = self._pace(standing, gate)  # it was down, and this worker has not seen it
        return gate

    def _note_change(self, gate: Gate, *, is_known: bool) -> None:
        self._changes += 1
        gate.changed, gate.is_known = self._changes, is_known

    def _here(self) -> list[Ready]:
        with self._lock:
            waiting = [one for queues in self._waiting for queue in queues.values() for one in queue]
            return waiting + [one for one, _sent_at in self._under_way.values()]

    def _first_to_send(self, service_id: int, queue: deque[Ready]) -> Ready | None:
        now = self._now()
        while queue:
            one = queue.popleft()
            if self._may_be_sent(one, now):
                gate = self._gates[service_id]
                if 2 * len(queue) <= AHEAD * gate.window:
                    self._ask_for_more(service_id)
                gate.sent()
                row = one.row
                self._for_many_under_way += row.lane
                self._under_way[row.id] = (one, time.monotonic())
                return one
        return None

    def _may_be_sent(self, one: Ready, now: datetime) -> bool:
        held_until = self._held.get(one.row.subscription_id)
        if held_until is not None and held_until > now:
            self.happened.append(Returned(one.row, held_until))
            return False
        if now >= one.send_before:  # so late that its answer might come after the lease
            self.happened.append(Returned(one.row, now))
            return False
        return True

    def _hold(self, one: Ready, outcome: Outcome) -> None:
        """What else waits for a browser whose service asked for patience has to have it too."""
        if isinstance(outcome, RetryLater) and outcome.after_seconds:
            now = self._now()
            if len(self._held) > MOST_HELD:
                self._held = {key: until for key, until in self._held.items() if until > now}
            self._held[one.row.subscription_id] = now + timedelta(seconds=outcome.after_seconds)

    def _withdraw(self, service_id: int) -> None:
        now = self._now()
        for queues in self._waiting:
            queue = queues.get(service_id)
            while queue:
                self.happened.append(Returned(queue.popleft().row, now))

    def _pace(self, standing: Standing, gate: Gate) -> Pace | None:
        if standing.recovered_at is None:
            return None
        usual = max(standing.usual_rate, gate.rate.usual)
        careful_until = standing.careful_until if usual and standing.careful_until else self._now()
        return Pace(usual, careful_until, self._now)
