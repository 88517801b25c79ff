"""What the workers of a site tell each other, each with its own beat: how much it has sent to each push service lately,
so that all of them know what is usual, and that it is there, so that after an outage each sends its share.

Nothing is written for it but the beats. May be used from any thread.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from threading import Lock

from webpush_app.delivery.pace import Rate, Said

# Strangers may name push services below a wildcard: of more than this the busiest are told of.
MOST_TOLD = 200
# Within this all the others have read that there is one more.
KNOWN_AFTER_SECONDS = 6.0

Told = Mapping[str, Said]
"""Of each push service, by the number of its row as JSON has it."""


class Fellows:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = Lock()
        self._rates: dict[int, Rate] = {}
        self._heard: dict[int, list[Said]] = {}
        self._others = 0
        self._came_at: datetime | None = None

    def rate(self, service_id: int) -> Rate:
        with self._lock:
            if service_id not in self._rates:
                self._rates[service_id] = Rate(self._now)
                self._rates[service_id].hear(self._heard.get(service_id, ()))
            return self._rates[service_id]

    def forget(self, service_id: int) -> None:
        with self._lock:
            self._rates.pop(service_id, None)

    def share(self) -> float:
        """Of what all may send. Who is new sends nothing with care until the others count with it."""
        with self._lock:
            if not self._others:
                return 1.0
            is_known = self._came_at is not None and self._seconds_since(self._came_at) >= KNOWN_AFTER_SECONDS
            return 1 / (self._others + 1) if is_known else 0.0

    def says(self) -> Told:
        with self._lock:
            rates = list(self._rates.items())
        said = [(service_id, rate.says()) for service_id, rate in rates]
        busiest = sorted((one for one in said if one[1]["usual"] or one[1]["sent"]), key=_is_less_busy)
        return {str(service_id): one for service_id, one in busiest[:MOST_TOLD]}

    def comes(self, at: datetime) -> None:
        """This worker is there from now on, or again after it was not heard of for a while."""
        with self._lock:
            self._came_at = at

    def hear(self, told: Sequence[Told]) -> None:
        """What each of the others has told last."""
        heard: dict[int, list[Said]] = {}
        for one in told:
            for service_id, said in one.items():
                heard.setdefault(int(service_id), []).append(said)
        with self._lock:
            self._heard, self._others = heard, len(told)
            rates = list(self._rates.items())
        for number, rate in rates:
            rate.hear(heard.get(number, ()))

    def _seconds_since(self, moment: datetime) -> float:
        return (self._now() - moment).total_seconds()


def _is_less_busy(one: tuple[int, Said]) -> tuple[float, int]:
    service_id, said = one
    return -max([said["usual"], *(number for _window, number in said["sent"])]), service_id
