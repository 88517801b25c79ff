"""Who has told the operator of a trouble already: each says it once a day, or sooner if it was well in between. Else
one that always fails would say it after every other's push, and what ended because nothing waited never again."""

from collections.abc import Callable
from datetime import datetime, timedelta

from webpush_app.delivery.changes import Who

SAID_FOR = timedelta(days=1)
MOST = 10_000


class Complaints:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._said_at: dict[Who, datetime] = {}

    def is_new(self, who: Who) -> bool:
        """Whether it is said now; then it is not for a day."""
        now = self._now()
        if now < self._said_at.get(who, now - SAID_FOR) + SAID_FOR:
            return False
        if len(self._said_at) >= MOST:
            self._said_at = {one: at for one, at in self._said_at.items() if now < at + SAID_FOR}
        if len(self._said_at) >= MOST:
            return False
        self._said_at[who] = now
        return True

    def forget(self, who: Who) -> None:
        self._said_at.pop(who, None)
