"""How a figure is taken and printed: one JSON line on stdout each; what goes on meanwhile is told on stderr.

`ratio` says how many times better than the peer: above 1 this service does better, below 1 the peer does.
"""

import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

MILLISECONDS = 1000.0


def show(
    figure: str,
    value: float,
    how: str,
    *,
    p95: float | None = None,
    peer: str | None = None,
    peer_value: float | None = None,
    more_is_better: bool = False,
) -> None:
    line: dict[str, Any] = {"figure": figure, "value": _short(value)}
    if p95 is not None:
        line["p95"] = _short(p95)
    if peer is not None and peer_value is not None:
        ratio = value / peer_value if more_is_better else peer_value / value
        line |= {"peer": peer, "peer_value": _short(peer_value), "ratio": _short(ratio)}
    print(json.dumps(line | {"how": how}, ensure_ascii=False), flush=True)


def tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def p95(values: Sequence[float]) -> float:
    """The nearest rank: a value that was measured, not one between two."""
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


def p99(values: Sequence[float]) -> float:
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]


def time_once(call: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * MILLISECONDS


def time_calls(call: Callable[[], object], *, most: int = 200, seconds: float = 4.0) -> list[float]:
    """Milliseconds of each call, after two that only warm up; fewer calls where they are slow, at least five."""
    for _ in range(2):
        call()
    deadline = time.monotonic() + seconds
    taken: list[float] = []
    while len(taken) < most and (len(taken) < 5 or time.monotonic() < deadline):
        taken.append(time_once(call))
    return taken


def _short(value: float) -> float:
    """Three digits that count; more would be noise."""
    if value == 0 or not math.isfinite(value):
        return 0.0
    return round(value, max(0, 2 - math.floor(math.log10(abs(value)))))
