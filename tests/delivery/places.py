"""A sender for tests of the places: push services that answer after so many seconds, in a time that is told."""

import heapq
from collections import Counter
from collections.abc import Mapping

from tests.delivery.memory import WELL, Memory
from webpush_app.delivery.models import Lane

QUICK_SECONDS, SLOW_SECONDS = 0.05, 5.0
LOOK_EVERY_SECONDS = 1.0


class Sending:
    """All services have always something to be sent, and take each push well, after the seconds of their own."""

    def __init__(self, memory: Memory, seconds: Mapping[int, float], lane: Lane = Lane.BROADCAST) -> None:
        self.memory = memory
        self.seconds = dict(seconds)
        self.lane = lane
        self._answers: list[tuple[float, int, int]] = []
        self._passed = self._looked = 0.0

    def run(self, lasts: float) -> Counter[int]:
        """How many pushes each service has answered in this time."""
        answered: Counter[int] = Counter()
        until = self._passed + lasts
        self._send()
        while self._answers and self._answers[0][0] <= until:
            at, push_id, service_id = heapq.heappop(self._answers)
            self.memory.clock.advance(at - self._passed)
            self._passed = at
            self.memory.flow.answered(push_id, WELL)
            answered[service_id] += 1
            self._send()
        return answered

    def _send(self) -> None:
        if self.memory.room_came.is_set() or self._passed >= self._looked:
            self._take()
        while len(self._answers) < self.memory.parallel and (one := self.memory.flow.next()):
            service_id = one.row.service_id
            heapq.heappush(self._answers, (self._passed + self.seconds[service_id], one.row.id, service_id))

    def _take(self) -> None:
        """When there is room, and at each look."""
        self.memory.room_came.clear()
        self._looked = self._passed + LOOK_EVERY_SECONDS
        self.memory.meet()
        self.memory.flow.happened.clear()
        for service_id in self.seconds:
            self.memory.add(service_id, self.memory.flow.room(service_id, self.lane), self.lane)
