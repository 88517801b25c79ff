"""Keeps the embedded worker alive: starts it, starts it again when it dies, and ends it with the server.

A small process between the two (nothing is imported here but the standard library), because gunicorn's master reaps
every child by itself and would not notice a worker's end. Each knows by a pipe whether the one above it is still there:
when the server is killed outright, the pipe ends, and so do they.
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType

_WORKER = "webpush_app.engine.worker"
_KEEPER = "webpush_app.engine.keeper"
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_HEALTHY_AFTER_SECONDS = 60.0
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT)  # as gunicorn is told to; Ctrl-C tells its children too
_STOP_SECONDS = 17.0  # a little longer than the worker itself takes


class Kept:
    """The server's side of it: starts the keeper, starts it again should somebody kill it, and ends it."""

    def __init__(self) -> None:
        self._keeper: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._is_ending = False
        self._is_looking = False

    def start(self) -> None:
        if self._keeper is not None:  # the server only read its configuration again
            return
        for number in _ENDS:
            if callable(signal.getsignal(number)):
                _hear(number, self._note_the_end)
        _hear(signal.SIGCHLD, self._look_after)
        self._run()

    def stop(self) -> None:
        """The worker finishes what is under way; then both are gone."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        with keeper:
            keeper.terminate()
            try:
                keeper.wait(_STOP_SECONDS + 1)
            except subprocess.TimeoutExpired:
                keeper.kill()

    def _run(self) -> None:
        self._started_at = time.monotonic()
        self._keeper = _run(_KEEPER)

    def _note_the_end(self) -> None:
        self._is_ending = True

    def _look_after(self) -> None:
        """Asked whenever a child of the server ends. One that ends at once is not started for ever. How it ended says
        nothing: when gunicorn has reaped it among its own, Python says 0."""
        if self._is_looking:  # another child has ended while the keeper is being started: it is looked for below
            return
        self._is_looking = True
        try:
            while self._keeper is not None and not self._is_ending and self._keeper.poll() is not None:
                self._start_again(self._keeper)
        finally:
            self._is_looking = False

    def _start_again(self, ended: "subprocess.Popen[bytes]") -> None:
        if ended.stdin:
            ended.stdin.close()
        if time.monotonic() - self._started_at < _FIRST_PAUSE_SECONDS:
            self._keeper = None
            sys.stderr.write(
                "The keeper of the push worker cannot be kept running: no pushes are sent until a restart.\n"
            )
        else:
            sys.stderr.write("The keeper of the push worker ended; it is started again.\n")
            self._run()


kept = Kept()


def _hear(number: int, do: Callable[[], None]) -> None:
    """Before the server does with the signal what it does."""
    before = signal.getsignal(number)

    def hear(number: int, frame: FrameType | None) -> None:
        do()
        if callable(before):
            before(number, frame)

    signal.signal(number, hear)


def _run(module: str, *arguments: str) -> "subprocess.Popen[bytes]":
    # As `python -m` does it, but Ctrl-C ends it in silence while it is still being loaded.
    quiet = "import signal, runpy; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    load = f"{quiet}runpy.run_module({module!r}, None, '__main__')"
    command = [sys.executable, "-c", load, *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE)  # noqa: S603 - our own interpreter and our own module


class Keeper:
    def __init__(self) -> None:
        self._stopped_by: int | None = None
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be woken

    def run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._is_stopping():
            started = time.monotonic()
            with _run(_WORKER, "--kept") as worker:
                self._watch(worker)
                if self._is_stopping():
                    self._end(worker)
                    return
            if time.monotonic() - started > _HEALTHY_AFTER_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            sys.stderr.write(f"The push worker ended ({worker.returncode}); it is started again in {pause:.0f} s.\n")
            self._wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _watch(self, worker: "subprocess.Popen[bytes]") -> None:
        while not self._is_stopping() and worker.poll() is None:
            self._wait(None)

    def _wait(self, seconds: float | None) -> None:
        """Until a signal, the end of the server, or the time."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while not self._is_stopping():
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([self._woken, sys.stdin.fileno()], [], [], left)
            if sys.stdin.fileno() in ready and not os.read(sys.stdin.fileno(), 1):
                self._stopped_by = signal.SIGTERM
            if self._woken in ready:
                os.read(self._woken, 4096)
            if deadline is None or not ready:
                return

    def _end(self, worker: "subprocess.Popen[bytes]") -> None:
        if worker.poll() is None:
            worker.send_signal(self._stopped_by or signal.SIGTERM)
        try:
            worker.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()

    def _is_stopping(self) -> bool:
        return self._stopped_by is not None

    def _note(self, number: int, _frame: object) -> None:
        self._stopped_by = number


if __name__ == "__main__":
    Keeper().run()
