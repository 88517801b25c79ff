"""What a worker has done since its start, in numbers: fed at every answer, and written down every few seconds.

Pushes to a million browsers pass here one by one, so a number costs about a microsecond and nothing grows with them.
"""

from bisect import bisect_left
from datetime import datetime
from threading import Lock
from typing import Any

from webpush_app import clock
from webpush_app.protocol.endpoints import KNOWN_HOSTS

# Seconds, each up to and with this one; what took longer is in one more.
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Strangers may name hosts below a wildcard: what is beyond this is counted together, but for what is named in full.
MOST_HOSTS = 200
OTHER_HOSTS = "other"


class _Host:
    __slots__ = ("answers", "buckets", "seconds")

    def __init__(self) -> None:
        self.answers: dict[str, int] = {}
        self.buckets = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0


class Counters:
    """May be fed and read from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._hosts: dict[str, _Host] = {}
        self._claimed = self._settled = self._given_back = 0
        self._settled_at: datetime | None = None

    def answered(self, host: str, outcome_class: str, seconds: float) -> None:
        """One push: what its answer was in a word, and the time from its sending to it."""
        bucket = bisect_left(BUCKETS, seconds)
        with self._lock:
            of_host = self._hosts.get(host) or self._add(host)
            of_host.answers[outcome_class] = of_host.answers.get(outcome_class, 0) + 1
            of_host.buckets[bucket] += 1
            of_host.seconds += seconds

    def claimed(self, number: int) -> None:
        with self._lock:
            self._claimed += number

    def settled(self, number: int) -> None:
        with self._lock:
            self._settled += number
            self._settled_at = clock.now()

    def given_back(self, number: int) -> None:
        with self._lock:
            self._given_back += number

    def snapshot(self) -> dict[str, Any]:
        """All of it as it is now, ready for JSON."""
        with self._lock:
            return {
                "claimed": self._claimed,
                "settled": self._settled,
                "settled_at": self._settled_at.isoformat() if self._settled_at else None,
                "given_back": self._given_back,
                "hosts": {
                    name: {
                        "answers": dict(host.answers),
                        "buckets": list(host.buckets),
                        "seconds": round(host.seconds, 6),
                    }
                    for name, host in self._hosts.items()
                },
            }

    def _add(self, host: str) -> _Host:
        has_place = len(self._hosts) < MOST_HOSTS or host in KNOWN_HOSTS
        name = host if has_place else OTHER_HOSTS
        return self._hosts.setdefault(name, _Host())
