"""What a push service took lately, as far as one worker knows: by that it is judged whose fault a refusal is."""

from collections import deque
from collections.abc import Callable
from datetime import datetime

from webpush_app.delivery.changes import Who

RECENT = 20


class Acceptance:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._recent: deque[bool] = deque(maxlen=RECENT)
        # The last two that took one, and when: one of them is another than whoever is asked about.
        self._last: tuple[Who, datetime] | None = None
        self._before: tuple[Who, datetime] | None = None

    @property
    def is_usual(self) -> bool:
        """Most of what was sent lately was taken. It may be long ago, and may be all of one browser."""
        return 2 * sum(self._recent) > len(self._recent)

    @property
    def is_none(self) -> bool:
        return len(self._recent) == RECENT and not any(self._recent)

    def taken(self, who: Who) -> None:
        self._recent.append(True)
        if self._last is not None and self._last[0] != who:
            self._before = self._last
        self._last = (who, self._now())

    def not_taken(self) -> None:
        self._recent.append(False)

    def by_another(self, who: Who) -> datetime | None:
        """When somebody else's push was taken last."""
        other = self._last if self._last is None or self._last[0] != who else self._before
        return None if other is None else other[1]
