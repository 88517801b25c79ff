"""How often a login session may open sockets. A page opens one and keeps it, and many tabs may come back at once; who
opens them without end, only to be thrown out of each, costs everybody else time.
"""

import hashlib
import threading
import time
from typing import Protocol

AT_ONCE = 25
PER_SECOND = 1.0
_MOST_REMEMBERED = 1000


class Turnstile(Protocol):
    def lets(self, token: str) -> bool:
        """Once more. Who is not let through loses nothing by it. Asked within a request, before any other query."""


class OwnTurnstile:
    """In the memory of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # When each will have all its turns again.
        self._full_at: dict[bytes, float] = {}

    def lets(self, token: str) -> bool:
        session, now = digest(token), time.monotonic()
        with self._lock:
            if len(self._full_at) > _MOST_REMEMBERED:
                self._full_at = {one: full_at for one, full_at in self._full_at.items() if full_at > now}
            full_at = max(self._full_at.get(session, now), now) + 1 / PER_SECOND
            if full_at - now > AT_ONCE / PER_SECOND:
                return False
            self._full_at[session] = full_at
            return True


def digest(token: str) -> bytes:
    """A token is nothing to keep."""
    return hashlib.sha256(token.encode()).digest()
