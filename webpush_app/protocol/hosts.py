"""What a transport knows of each host that it calls: where it is, how it speaks, and how much it may be asked at once.

Whether a host speaks HTTP/2 shows in its first answer. Until then it is asked gently: one request first, and twice as
many each time it lets us wait, so that a burst of pushes does not open a connection for each of them.
"""

import select
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from webpush_app.protocol.transport import Request

MOST_CONNECTIONS = 20
PATIENCE_SECONDS = 0.25
UNLOOKED_SECONDS = 1.5
"""libcurl looks whether a kept connection has ended only when it was not used for a second."""


@dataclass(slots=True)
class Place:
    """All addresses of a name, and the port that they share."""

    addresses: Sequence[str]
    port: int
    found_at: float
    is_told: bool = False
    """Whether libcurl knows it."""


@dataclass(slots=True, eq=False)
class Host:
    name: str
    place: Place | None = None
    is_looked_up: bool = False
    """Just now."""
    http: int = 0
    """1 or 2; 0 while it is not known."""
    flying: int = 0
    waiting: "deque[Call]" = field(default_factory=deque)
    asked_at: float = 0.0
    """When it was asked the first time without knowing how it speaks."""
    ended_at: float = 0.0
    kept_socket: int = -1
    """Of the connection that served it last; -1 where what can be read there does not tell whether it has ended."""

    @property
    def is_idle(self) -> bool:
        return not (self.flying or self.waiting or self.is_looked_up)

    def has_room(self) -> bool:
        if self.http == 2:
            return True
        return self.flying < (MOST_CONNECTIONS if self.http == 1 else self._most_unknown())

    def looks_again_at(self) -> float:
        """When to see again to those that wait, should nothing happen before."""
        return min(self.waiting[0].ends_at, self.asked_at + PATIENCE_SECONDS * (self._steps() + 1))

    def start(self) -> None:
        if self.http == 0 and self.flying == 0:
            self.asked_at = time.monotonic()
        self.flying += 1

    def end(self, http: int) -> None:
        """0 if there was no answer: what speaks there has to be found out again."""
        self.flying -= 1
        self.ended_at = time.monotonic()
        if http == 0 and self.http != 0:
            self.asked_at = self.ended_at
        self.http = http

    def has_hung_up(self) -> bool:
        """Whether the kept connection has something to say while nobody is asked: it has ended, most likely."""
        if self.flying or self.kept_socket < 0 or time.monotonic() - self.ended_at > UNLOOKED_SECONDS:
            return False
        kept = select.poll()
        kept.register(self.kept_socket, select.POLLIN)
        return any(events != select.POLLNVAL for _descriptor, events in kept.poll(0))

    def _most_unknown(self) -> int:
        return min(1 << min(self._steps(), 10), MOST_CONNECTIONS)

    def _steps(self) -> int:
        """How often it has let us wait."""
        return int((time.monotonic() - self.asked_at) / PATIENCE_SECONDS)


@dataclass(slots=True, eq=False)
class Call:
    """One request, from when it was pulled until it is answered."""

    key: int
    request: Request
    host: Host
    ends_at: float
    is_again: bool = False
    """It was refused unread before."""
