"""The processes of a server that a test started: who was started by whom, and who is left."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

KEEPER = "webpush_app.engine.keeper"
WORKER = "webpush_app.engine.worker"


def find(ancestor: int, module: str) -> list[int]:
    """The processes below that one which run this module."""
    return [pid for pid in descendants(ancestor) if any(module in argument for argument in _command(pid))]


def descendants(ancestor: int) -> list[int]:
    parents = {pid: parent for pid in _all() if (parent := _parent(pid)) is not None}
    found, newest = list[int](), [ancestor]
    while newest:
        newest = [pid for pid, parent in parents.items() if parent in newest]
        found += newest
    return found


def is_alive(pid: int) -> bool:
    """One that has ended and that nobody has asked for yet counts as gone."""
    try:
        return _stat(pid)[0] != "Z"
    except OSError:
        return False


def end_all(pids: Iterable[int]) -> None:
    """A test that fails leaves nothing behind."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def wait_until(is_so: Callable[[], object], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def wait_for(ancestor: int, module: str, seconds: float = 30.0, *, other_than: int = 0) -> int:
    found: list[int] = []

    def look() -> bool:
        found[:] = [pid for pid in find(ancestor, module) if pid != other_than]
        return len(found) == 1

    wait_until(look, seconds)
    return found[0]


def _all() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208 - names are all that is wanted


def _parent(pid: int) -> int | None:
    try:
        return int(_stat(pid)[1])
    except OSError:
        return None


def _stat(pid: int) -> list[str]:
    """What follows the name, which may hold anything: the state, the parent, and more."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def _command(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
    except OSError:
        return []
