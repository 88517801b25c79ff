"""The places of the transport: what is under way, and which push service may have one more. Not locked: the flow is.

A place is held until its answer comes. Given to whoever asks, nearly all of them would soon be held by a few services
that answer late. So nobody may hold more than some times what is still free, and the slow ones may not all together:
however many they are, there are places for the others.
"""

from collections.abc import Callable

from webpush_app.delivery.preparing import Ready

# A service that is well answers in a fraction of that.
SLOW_SECONDS = 0.5
ANSWERS_AVERAGED = 16
# Twice what is free is the least by which one service alone gets half of the transport.
TIMES_WHAT_IS_FREE = 4
TIMES_WHAT_IS_FREE_FOR_THE_SLOW = 2

Holder = int | None
_THE_SLOW_ONES: Holder = None


class Places:
    def __init__(self, number: int, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._free = number
        # A few are always free for what is personal.
        self._free_for_many = max(1, number * 3 // 4)
        self._under_way: dict[int, tuple[Ready, float, Holder]] = {}
        self._held: dict[Holder, int] = {}
        self._held_by_personal: dict[Holder, int] = {}
        self._usual_seconds: dict[int, float] = {}
        self._slow: set[int] = set()

    def __contains__(self, push_id: int) -> bool:
        return push_id in self._under_way

    @property
    def under_way(self) -> list[Ready]:
        return [one for one, _since, _holder in self._under_way.values()]

    @property
    def has_one_for_many(self) -> bool:
        return self._free > 0 and self._free_for_many > 0

    def may_have_one(self, service_id: int, lane: int) -> bool:
        """What is personal does not count what a broadcast holds, only what it has left."""
        if lane:
            held, free = self._held, min(self._free, self._free_for_many)
        else:
            held, free = self._held_by_personal, self._free
        if service_id in self._slow:
            return held.get(_THE_SLOW_ONES, 0) < TIMES_WHAT_IS_FREE_FOR_THE_SLOW * free
        return held.get(service_id, 0) < TIMES_WHAT_IS_FREE * free

    def take(self, one: Ready) -> None:
        service_id = one.row.service_id
        holder = _THE_SLOW_ONES if service_id in self._slow else service_id
        self._under_way[one.row.id] = (one, self._seconds(), holder)
        self._count(one, holder, 1)

    def renew(self, one: Ready) -> None:
        """It is under way, and was taken again: its answer is for the new lease."""
        _former, since, holder = self._under_way[one.row.id]
        self._under_way[one.row.id] = (one, since, holder)

    def answered(self, push_id: int) -> tuple[Ready, float]:
        """What it was, and how many seconds its answer took."""
        one, since, holder = self._under_way.pop(push_id)
        self._count(one, holder, -1)
        seconds = self._seconds() - since
        self._learn(one.row.service_id, seconds)
        return one, seconds

    def clear(self) -> list[Ready]:
        """None of what is under way will be answered."""
        cleared = self.under_way
        for one, _since, holder in self._under_way.values():
            self._count(one, holder, -1)
        self._under_way.clear()
        return cleared

    def forget(self, service_id: int) -> None:
        self._slow.discard(service_id)
        self._usual_seconds.pop(service_id, None)
        if not self._held.get(service_id):
            self._held.pop(service_id, None)
            self._held_by_personal.pop(service_id, None)

    def _count(self, one: Ready, holder: Holder, change: int) -> None:
        self._free -= change
        self._held[holder] = self._held.get(holder, 0) + change
        if one.row.lane:
            self._free_for_many -= change
        else:
            self._held_by_personal[holder] = self._held_by_personal.get(holder, 0) + change

    def _learn(self, service_id: int, seconds: float) -> None:
        """What it holds already stays counted as it was taken."""
        usual = self._usual_seconds.get(service_id, seconds)
        usual += (seconds - usual) / ANSWERS_AVERAGED
        self._usual_seconds[service_id] = usual
        if usual >= SLOW_SECONDS:
            self._slow.add(service_id)
        else:
            self._slow.discard(service_id)
