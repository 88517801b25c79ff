"""A process that is kept as systemd keeps it: when it ends, whatever is left of it is ended too, and it is started
again a moment later, until it can be. `systemctl restart` is one that ends when it is told to."""

import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from typing import Self

from tests.push.worker_process import Worker
from tests.server.running import Server

AGAIN_SECONDS = 2.0  # as deploy/systemd says
UP_SECONDS = 120.0
_LOOK_SECONDS = 0.02


class Kept:
    """`with Kept(start) as kept:`, and it comes up. `start` gives a process that is ready, and ends it."""

    def __init__(self, start: Callable[[], AbstractContextManager[Server | Worker]]) -> None:
        self.starts = 0
        self.failed_starts: list[str] = []
        self._start = start
        self._current: Server | Worker | None = None
        self._said: list[str] = []
        self._is_over = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._keeping: Future[None]

    def __enter__(self) -> Self:
        self._keeping = self._pool.submit(self._keep)
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go()
        self._pool.shutdown()
        self._keeping.result()

    def let_go(self) -> None:
        """It ends soon, and is not started again."""
        self._is_over.set()

    @property
    def pid(self) -> int:
        current = self._current
        assert current is not None, "it is not up"
        return current.process.pid

    @property
    def lines(self) -> list[str]:
        """Of all its lives."""
        current = self._current
        return [*self._said, *(current.lines if current else ())]

    def kill(self) -> None:
        """With all its processes, in the same instant."""
        os.killpg(self.pid, signal.SIGKILL)

    def kill_main(self) -> None:
        """The one above the others, which are left to themselves for as long as it takes to notice it."""
        os.kill(self.pid, signal.SIGKILL)

    def restart(self, signal_number: int = signal.SIGTERM) -> None:
        """Over once it is up again."""
        before = self.starts
        os.kill(self.pid, signal_number)
        self.wait_until_up(after=before)

    def wait_until_up(self, *, after: int = 0) -> None:
        deadline = time.monotonic() + UP_SECONDS
        while self._current is None or self.starts <= after:
            if self._keeping.done() or time.monotonic() > deadline:
                raise AssertionError("\n".join(["it does not come up", *self.failed_starts, *self.lines[-20:]]))
            time.sleep(_LOOK_SECONDS)

    def _keep(self) -> None:
        while not self._is_over.is_set():
            try:
                self._live()
            except AssertionError as failed:  # it ended before it was ready
                self.failed_starts.append(str(failed))
            self._is_over.wait(AGAIN_SECONDS)

    def _live(self) -> None:
        with self._start() as process:
            self._current, self.starts = process, self.starts + 1
            while process.process.poll() is None and not self._is_over.is_set():
                time.sleep(_LOOK_SECONDS)
            if not self._is_over.is_set():
                with suppress(ProcessLookupError):
                    os.killpg(process.process.pid, signal.SIGKILL)
        self._said = self.lines
        self._current = None
