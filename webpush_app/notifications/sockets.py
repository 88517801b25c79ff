"""Who has sockets in this process, for whom and for which login session; and how many there may be."""

import threading
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from wsproto.frame_protocol import CloseReason

from webpush_app.notifications.wire import Wire

MOST_OF_A_SESSION = 20
MOST_OF_A_PERSON = 100  # who signs in again and again does not take everybody's room
MOST_OF_ALL = 1800  # gunicorn serves 2,000 connections at once: plain requests always have room
JOIN_WITHIN_SECONDS = 15.0  # when a thousand come back at once, some take long


class TooMany(Exception):
    """Of this session or person, or in this process."""

    def __init__(self, *, of_one: bool) -> None:
        super().__init__()
        self.of_one = of_one


@dataclass(eq=False)
class Seat:
    """One connection, and whose it is: decided when it was let in, and never by what it says."""

    user_id: int
    session_id: int
    join_by: float | None  # None: it has joined
    sid: str = ""  # the namespace's name for it, once it has joined
    wire: Wire | None = None
    has_left: bool = False

    def close(self, *, is_for_good: bool) -> None:
        if self.wire is not None:
            reason = CloseReason.NORMAL_CLOSURE if is_for_good else CloseReason.GOING_AWAY
            self.wire.close(reason, is_for_good=is_for_good)


@dataclass
class Person:
    """Somebody who has sockets here. Those that have joined have had everything up to `cursor`; None: none has."""

    cursor: int | None = None
    seats: set[Seat] = field(default_factory=set)


class Sockets:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seats: set[Seat] = set()
        self._sessions: dict[int, set[Seat]] = {}
        self._people: dict[int, Person] = {}

    def __len__(self) -> int:
        return len(self._seats)

    @property
    def is_full(self) -> bool:
        return len(self._seats) >= MOST_OF_ALL

    def take_seat(self, user_id: int, session_id: int) -> Seat:
        with self._lock:
            if self.is_full:
                raise TooMany(of_one=False)
            of_session, person = self._sessions.get(session_id, ()), self._people.get(user_id)
            if len(of_session) >= MOST_OF_A_SESSION or (person and len(person.seats) >= MOST_OF_A_PERSON):
                raise TooMany(of_one=True)
            seat = Seat(user_id, session_id, join_by=time.monotonic() + JOIN_WITHIN_SECONDS)
            self._seats.add(seat)
            self._sessions.setdefault(session_id, set()).add(seat)
            self._people.setdefault(user_id, Person()).seats.add(seat)
            return seat

    def leave(self, seat: Seat) -> None:
        with self._lock:
            seat.has_left = True
            self._seats.discard(seat)
            of_session, person = self._sessions[seat.session_id], self._people[seat.user_id]
            of_session.discard(seat)
            if not of_session:
                del self._sessions[seat.session_id]
            person.seats.discard(seat)
            if not person.seats:
                del self._people[seat.user_id]

    def person(self, user_id: int) -> Person | None:
        return self._people.get(user_id)

    def people(self, among: Iterable[int] | None = None) -> list[int]:
        """Those who have sockets here, or are about to: all, or of these."""
        return list(self._people) if among is None else [user_id for user_id in among if user_id in self._people]

    def sessions(self) -> list[int]:
        return list(self._sessions)

    def of_sessions(self, session_ids: Collection[int]) -> list[Seat]:
        with self._lock:
            return [seat for session_id in session_ids for seat in self._sessions.get(session_id, ())]

    def all(self) -> list[Seat]:
        with self._lock:
            return list(self._seats)

    def idlers(self) -> list[Seat]:
        """Let in, and never joined."""
        now = time.monotonic()
        return [seat for seat in self.all() if seat.join_by is not None and seat.join_by < now]
