"""Time that is told and not waited for: hours of a push service's trouble pass in minutes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from webpush_app import clock


class ToldTime:
    """Stands still until it is advanced."""

    def __init__(self) -> None:
        self.began = self.moment = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.moment

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return (self.moment - self.began).total_seconds()

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def advance_to(self, moment: datetime) -> None:
        self.moment = max(self.moment, moment)


@contextmanager
def told_time() -> Iterator[ToldTime]:
    """For the whole program. What is signed is signed by the real time: push services look at a clock of their own."""
    told = ToldTime()
    with patch.object(clock, "now", told):
        yield told
