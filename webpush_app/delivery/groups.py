"""Answers in groups: written down together, but none kept waiting for one that hangs."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TypeVar

from webpush_app.protocol.answers import Outcome

Item = TypeVar("Item")
MOST = 100
SECONDS = 0.05


@dataclass(frozen=True)
class _End:
    error: BaseException | None = None


def in_groups(items: Iterator[Item], *, most: int = MOST, seconds: float = SECONDS) -> Iterator[list[Item]]:
    """A group is handed on when it is full, or so long after its first item came. Waits in a thread of its own."""
    arrived: SimpleQueue[Item | _End] = SimpleQueue()
    threading.Thread(target=_fetch, args=(items, arrived), daemon=True).start()
    end: _End | None = None
    while end is None:
        group, end = _next_group(arrived, most, seconds)
        if group:
            yield group
    if end.error:
        raise end.error


def as_they_come(send: Callable[[Callable[[int, Outcome], None]], None]) -> Iterator[tuple[int, Outcome]]:
    """What `send` tells its callback, as an iterator. It runs in a thread of its own."""
    told: SimpleQueue[tuple[int, Outcome] | _End] = SimpleQueue()

    def run() -> None:
        try:
            send(lambda key, outcome: told.put((key, outcome)))
        except BaseException as error:  # noqa: BLE001 - raised again below
            told.put(_End(error))
        else:
            told.put(_End())

    threading.Thread(target=run, daemon=True).start()
    while not isinstance(one := told.get(), _End):
        yield one
    if one.error:
        raise one.error


def _next_group(arrived: "SimpleQueue[Item | _End]", most: int, seconds: float) -> tuple[list[Item], _End | None]:
    first = arrived.get()
    if isinstance(first, _End):
        return [], first
    group = [first]
    deadline = time.monotonic() + seconds
    while len(group) < most:
        try:
            item = arrived.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            break
        if isinstance(item, _End):
            return group, item
        group.append(item)
    return group, None


def _fetch(items: Iterator[Item], arrived: "SimpleQueue[Item | _End]") -> None:
    try:
        for item in items:
            arrived.put(item)
    except BaseException as error:  # noqa: BLE001 - raised again by whoever reads the groups
        arrived.put(_End(error))
    else:
        arrived.put(_End())
