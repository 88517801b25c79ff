"""A process that is kept: it comes back when it was killed or told to end, and is tried again where it cannot start."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from soak import kept
from soak.kept import Kept
from tests.engine.processes import is_alive, wait_until
from tests.push.worker_process import Worker

SLEEPS = "print('up', flush=True); import time; time.sleep(600)"
# With a child in the same group, which would outlive it.
PARENT = (
    f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {SLEEPS!r}]).pid, flush=True); {SLEEPS}"
)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "AGAIN_SECONDS", 0.1)


@contextmanager
def started(program: str) -> Iterator[Worker]:
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    worker = Worker(process)
    try:
        worker.wait_for_line("up")
        yield worker
    finally:
        worker.stop()
        with suppress(ProcessLookupError):  # its child
            os.killpg(process.pid, signal.SIGKILL)
        worker.reader.join(timeout=5)
        assert process.stdout is not None
        process.stdout.close()


def test_it_comes_back_when_it_was_killed_and_nothing_of_it_is_left() -> None:
    with Kept(lambda: started(PARENT)) as process:
        process.wait_until_up()
        first, child = process.pid, int(process.lines[0])
        process.kill_main()
        process.wait_until_up(after=1)
        assert process.pid != first
        wait_until(lambda: not is_alive(child), 10)
        process.kill()
        process.wait_until_up(after=2)
        last = process.pid
        assert process.lines.count("up") >= 3
    assert not is_alive(last)


def test_who_restarts_it_is_told_when_it_is_up_again() -> None:
    with Kept(lambda: started(SLEEPS)) as process:
        process.wait_until_up()
        first = process.pid
        process.restart()
        assert process.pid != first
        assert process.starts == 2


def test_what_cannot_start_is_started_again_until_it_can() -> None:
    tries = iter(["raise SystemExit(1)", "raise SystemExit(1)", SLEEPS])
    with Kept(lambda: started(next(tries))) as process:
        process.wait_until_up()
        assert len(process.failed_starts) == 2
        assert os.getpgid(process.pid) == process.pid
