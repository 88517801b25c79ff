"""What is taken and waits, for each lane and push service, and which browsers are spared. Not locked: the flow is."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta

from webpush_app.delivery.models import Lane
from webpush_app.delivery.preparing import Ready
from webpush_app.protocol.answers import Outcome, RetryLater

MOST_HELD = 20_000


class Queues:
    def __init__(self) -> None:
        # Whose turn it is stands first.
        self._lanes: tuple[dict[int, deque[Ready]], ...] = tuple({} for _lane in Lane)

    def __iter__(self) -> Iterator[Ready]:
        return (one for lane in self._lanes for queue in lane.values() for one in queue)

    def __bool__(self) -> bool:
        return any(any(lane.values()) for lane in self._lanes)

    def add(self, one: Ready) -> None:
        self._lanes[one.row.lane].setdefault(one.row.service_id, deque()).append(one)

    def number(self, service_id: int, lane: Lane) -> int:
        return len(self._lanes[lane].get(service_id, ()))

    def in_turn(self, lane: int) -> list[tuple[int, deque[Ready]]]:
        """A list: who has had a turn is put last meanwhile."""
        return [(service_id, queue) for service_id, queue in self._lanes[lane].items() if queue]

    def had_its_turn(self, lane: int, service_id: int) -> None:
        queues = self._lanes[lane]
        if len(queues) > 1:
            queues[service_id] = queues.pop(service_id)

    def take_all(self, service_id: int) -> list[Ready]:
        return [one for lane in self._lanes for one in lane.pop(service_id, ())]

    def take_late(self, now: datetime) -> list[Ready]:
        """Those that have waited for so long that their lease may end before their answer. The oldest stand first."""
        late = []
        for lane in self._lanes:
            for queue in lane.values():
                while queue and now >= queue[0].send_before:
                    late.append(queue.popleft())
        return late


class Held:
    """Browsers whose push service asked for patience: what waits for them already has to have it too."""

    def __init__(self) -> None:
        self._until: dict[tuple[int, str], datetime] = {}

    def until(self, one: Ready, now: datetime) -> datetime | None:
        moment = self._until.get(_address(one)) if self._until else None
        return moment if moment is not None and moment > now else None

    def note(self, one: Ready, outcome: Outcome, now: datetime) -> None:
        if isinstance(outcome, RetryLater) and outcome.after_seconds:
            if len(self._until) > MOST_HELD:
                self._until = {key: until for key, until in self._until.items() if until > now}
            self._until[_address(one)] = now + timedelta(seconds=outcome.after_seconds)


def _address(one: Ready) -> tuple[int, str]:
    """A browser that has moved is asked for no patience any more."""
    return one.row.subscription_id, one.subscription.endpoint
