"""What is taken and waits, in the memory of one worker, until its push service may be sent to.

One thread fills it, one empties it into the transport, and one writes down what comes out. Each push service has a gate
and queues of its own: a slow one holds up none of the others, and what is personal overtakes what is for many.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from webpush_app.delivery.changes import Closed, Opened, Untried
from webpush_app.delivery.claims import Claimed, Returned
from webpush_app.delivery.doubted_key import refuses_our_key
from webpush_app.delivery.fellows import Fellows
from webpush_app.delivery.gate import Gate, Phase
from webpush_app.delivery.gates import Gates
from webpush_app.delivery.happened import Answered, Happened, is_about_the_service, who_says_so
from webpush_app.delivery.models import Lane
from webpush_app.delivery.pauses import Standing
from webpush_app.delivery.places import Places
from webpush_app.delivery.preparing import Ready
from webpush_app.delivery.queues import Held, Queues
from webpush_app.protocol.answers import Accepted, Outcome, Refused

# So many times what is sent at once is taken ahead: enough never to wait for the database, and few to be sent again
# should the worker die.
AHEAD = 4
# So many answers are written down together.
GROUP = 100
MOST_OF_ONE_SERVICE_AT_ONCE = 64


class Flow:
    def __init__(
        self,
        parallel: int,
        now: Callable[[], datetime],
        room_came: threading.Event,
        fellows: Fellows,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now = now
        self._room_came = room_came
        self._lock = threading.Lock()
        self._gates = Gates(min(MOST_OF_ONE_SERVICE_AT_ONCE, max(1, parallel // 2)), now, fellows)
        self._waiting = Queues()
        self._places = Places(parallel, seconds)
        self._asked_for_more: set[int] = set()
        self._held = Held()
        self.happened: deque[Happened] = deque()
        self.something_happened = threading.Event()
        self.much_happened = threading.Event()  # enough to be written down together, or somebody waits for it
        self.is_closed = False

    @property
    def has_waiting(self) -> bool:
        return bool(self._waiting)

    @property
    def is_paced(self) -> bool:
        return self._gates.is_paced

    @property
    def is_empty(self) -> bool:
        with self._lock:
            return not (self._waiting or self._places.under_way or self.happened)

    @property
    def has_suspect(self) -> bool:
        """Until all of them are written down: what is there beside another when a worker dies is suspect again."""
        here = self._here()  # first, for it may be answered meanwhile
        happened = [one for one in tuple(self.happened) if isinstance(one, Answered | Returned)]
        return any(one.row.crashes for one in (*here, *happened))

    @property
    def under_way(self) -> list[Claimed]:
        with self._lock:
            return [one.row for one in self._places.under_way]

    def mark(self) -> int:
        """To be taken before the standings are read."""
        return self._gates.changes

    def meet(self, standings: Sequence[Standing], mark: int) -> None:
        """What all workers knew about the push services after the mark. What was found out here since then, or is not
        written down yet, is newer."""
        with self._lock:
            self._hand_back(self._waiting.take_late(self._now()))
            for service_id in set(self._gates.ids) - {one.id for one in standings}:  # forgotten by now
                self._withdraw(service_id)
                self._gates.drop(service_id)
                self._places.forget(service_id)
            for service_id in self._gates.meet(standings, mark):
                self._withdraw(service_id)

    def written_down(self, number: int) -> None:
        """So many of the first things that happened: all workers know them now."""
        with self._lock:
            for one in [self.happened.popleft() for _ in range(number)]:
                match one:
                    case Opened() | Closed():
                        self._gates.note_change(self._gates[one.service_id], is_known=True)
                    case Answered() | Returned() if one.row.crashes:
                        self._room_came.set()  # only now may the next suspect be taken

    def try_one(self, service_id: int, *, is_about_our_key: bool = False) -> None:
        with self._lock:
            self._gates[service_id].try_one(is_about_our_key=is_about_our_key)

    def close_one(self, service_id: int) -> None:
        with self._lock:
            self._gates[service_id].close()

    def room(self, service_id: int, lane: Lane) -> int:
        """How many more may be taken. What is personal has a room of its own, for a broadcast fills all of it."""
        with self._lock:
            gate = self._gates[service_id]
            if self.is_closed or gate.phase is Phase.CLOSED:
                return 0
            waiting = self._waiting.number(service_id, lane)
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
                self._asked_for_more.discard(service_id)
                if one.row.id in self._places:  # its lease ended before its answer came
                    self._places.renew(one)
                    continue
                self._waiting.add(one)
                if self.is_closed or gate.phase is Phase.CLOSED:
                    self._withdraw(service_id)

    def next(self) -> Ready | None:
        """What may be sent now; what is personal first, and each push service in its turn."""
        with self._lock:
            for lane in Lane:
                if lane and not self._places.has_one_for_many:
                    break
                for service_id, queue in self._waiting.in_turn(lane):
                    gate = self._gates[service_id]
                    if gate.may_send(is_personal=not lane) and self._places.may_have_one(service_id, lane):
                        self._waiting.had_its_turn(lane, service_id)
                        if one := self._first_to_send(service_id, queue):
                            return one
        return None

    def answered(self, push_id: int, outcome: Outcome) -> None:
        with self._lock:
            if push_id not in self._places:  # what it belonged to broke off
                return
            one, seconds = self._places.answered(push_id)
            gate = self._gates[one.row.service_id]
            gate.has_accepted = gate.has_accepted or one.is_proven
            change = None
            if is_about_the_service(one, outcome, gate):
                change = gate.answered(who_says_so(one, outcome, gate), outcome, is_old_key=one.is_old_key)
            else:
                gate.unsent(is_refused=refuses_our_key(outcome))
                self._end_trial(gate)
            self._held.note(one, outcome, self._now())
            accepts_others = isinstance(outcome, Accepted) or gate.accepts_others
            other_at = gate.took_another_at(one.row.subscription_id) if isinstance(outcome, Refused) else None
            self.happened.append(Answered(one, outcome, accepts_others, other_at, gate.host, seconds))
            self.happened.extend(gate.notices())
            if change is not None:
                self._gates.note_change(gate, is_known=False)
                self.happened.append(change)
            if isinstance(change, Closed):
                self._withdraw(one.row.service_id)
        # Asked first: it costs less than to set it again for each answer.
        if not self.something_happened.is_set():
            self.something_happened.set()
        if (len(self.happened) >= GROUP or one.row.crashes) and not self.much_happened.is_set():
            self.much_happened.set()

    def broke_off(self) -> None:
        """Whoever sent has ended in the midst of it, and nothing that was under way will be answered: its lease brings
        it back."""
        with self._lock:
            for one in self._places.clear():
                self._gates[one.row.service_id].unsent()

    def close(self) -> None:
        """Nothing more is sent; what waits is handed back."""
        with self._lock:
            self.is_closed = True
            for service_id in self._gates.ids:
                self._withdraw(service_id)

    def _ask_for_more(self, service_id: int) -> None:
        """Once, until more has come."""
        if service_id not in self._asked_for_more:
            self._asked_for_more.add(service_id)
            self._room_came.set()

    def _here(self) -> list[Ready]:
        with self._lock:
            return [*self._waiting, *self._places.under_way]

    def _first_to_send(self, service_id: int, queue: deque[Ready]) -> Ready | None:
        now = self._now()
        while queue:
            one = queue.popleft()
            if self._may_be_sent(one, now):
                gate = self._gates[service_id]
                if 2 * len(queue) <= AHEAD * gate.window:
                    self._ask_for_more(service_id)
                gate.sent()
                self._places.take(one)
                return one
        self._end_trial(self._gates[service_id])
        return None

    def _end_trial(self, gate: Gate) -> None:
        """Where what was to try a service was not sent at all: another push may try it at once."""
        if gate.phase is Phase.ONE and not gate.in_flight:
            gate.close()
            self.happened.append(Untried(gate.service_id))
            self.something_happened.set()

    def _may_be_sent(self, one: Ready, now: datetime) -> bool:
        held_until = self._held.until(one, now)
        if held_until is None and now < one.send_before:  # later, its answer might come after the lease
            return True
        self.happened.append(Returned(one.row, held_until or now))
        self.something_happened.set()
        return False

    def _hand_back(self, ready: Sequence[Ready]) -> None:
        now = self._now()
        self.happened.extend(Returned(one.row, now) for one in ready)
        if ready:
            self.something_happened.set()

    def _withdraw(self, service_id: int) -> None:
        self._hand_back(self._waiting.take_all(service_id))
