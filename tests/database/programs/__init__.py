"""Small programs that run as the server does: in a process of their own, patched by gevent before anything else."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent

ROOT = Path(__file__).resolve().parent.parent.parent.parent


def start(name: str, *arguments: object) -> subprocess.Popen[str]:
    program = ["--module", f"tests.database.programs.{name}", *map(str, arguments)]
    command = [sys.executable, "-W", "error", "-m", "gevent.monkey", *program]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def report(**found: object) -> None:
    """The last line of a program: what it found."""
    sys.stdout.write(json.dumps(found) + "\n")


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What it reports at its end; what it complains about is the failure of the test."""
    said, complaint = process.communicate(timeout=60)
    assert process.returncode == 0, complaint
    assert complaint == ""
    found: dict[str, Any] = json.loads(said)
    return found


class Ticking:
    """A greenlet that wants to run every few milliseconds, and how long it had to wait for it at the worst."""

    def __init__(self) -> None:
        self.ticks = 0
        self.largest_gap_seconds = 0.0

    def run(self) -> None:
        last = time.monotonic()
        while True:
            gevent.sleep(0.002)
            now = time.monotonic()
            self.ticks += 1
            self.largest_gap_seconds = max(self.largest_gap_seconds, now - last)
            last = now


@contextmanager
def ticking() -> Iterator[Ticking]:
    clock = Ticking()
    greenlet = gevent.spawn(clock.run)
    gevent.sleep(0.02)
    try:
        yield clock
        gevent.sleep(0.01)  # a gap that lasts until now counts too
    finally:
        greenlet.kill()
