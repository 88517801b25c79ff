"""Several callers at once for a while, and a watch on `/healthz` meanwhile. Every failure of a caller is raised."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from bench.connection import Connection, connected
from bench.figures import time_once

_BETWEEN_LOOKS_SECONDS = 0.02


def drive(calls: Sequence[Callable[[], object]], seconds: float) -> list[float]:
    """Each call again and again on a thread of its own; the milliseconds of every one that came back."""
    deadline = time.monotonic() + seconds
    with ThreadPoolExecutor(len(calls)) as pool:
        return [taken for times in pool.map(lambda call: _repeat(call, deadline), calls) for taken in times]


def all_at_once(calls: Sequence[Callable[[], object]]) -> list[float]:
    """Each call once, all begun in the same moment; the milliseconds of each."""
    gate = threading.Barrier(len(calls))

    def pass_and_call(call: Callable[[], object]) -> float:
        gate.wait(timeout=30)
        return time_once(call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(pass_and_call, calls))


@contextmanager
def watching_health(port: int) -> Iterator[list[float]]:
    """The list fills with the milliseconds of `/healthz`, asked some forty times a second until the block ends."""
    seen: list[float] = []
    ended = threading.Event()
    with connected(port, 1) as (connection,), ThreadPoolExecutor(1) as pool:
        watch = pool.submit(_watch, connection, seen, ended)
        try:
            yield seen
        finally:
            ended.set()
        watch.result()


def _repeat(call: Callable[[], object], deadline: float) -> list[float]:
    taken: list[float] = []
    while time.monotonic() < deadline:
        taken.append(time_once(call))
    return taken


def _watch(connection: Connection, seen: list[float], ended: threading.Event) -> None:
    request = connection.prepare("GET", "/healthz")
    while not ended.is_set():
        seen.append(time_once(lambda: connection.send(request).expect(200)))
        ended.wait(_BETWEEN_LOOKS_SECONDS)
