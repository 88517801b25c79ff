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

_WORKER = "webpush_app.engine.worker"
_KEEPER = "webpush_app.engine.keeper"
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
_HEALTHY_AFTER_SECONDS = 60.0
_STOP_SECONDS = 17.0  # a little longer than the worker itself takes


def start() -> "subprocess.Popen[bytes]":
    """Called by the server, which keeps the result for `stop()`."""
    return _run(_KEEPER)


def stop(keeper: "subprocess.Popen[bytes]") -> None:
    """The worker finishes what is under way; then both are gone."""
    keeper.terminate()
    try:
        keeper.wait(_STOP_SECONDS + 1)
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()
    if keeper.stdin:
        keeper.stdin.close()


def _run(module: str, *arguments: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", module, *arguments]
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
