"""What gunicorn's master is to the keeper: it notes its signals, and reaps every child, whosever it is. In a process of
its own: `python -m tests.engine.reaping WHAT` says whether there is another keeper after that has happened."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from webpush_app.engine import keeper

LONGEST_SECONDS = 10.0

_heard: list[int] = []


def _reap(pid: int) -> None:
    """It has ended when the server asks for the end of whatever child there is, and looks after it only then."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    os.kill(pid, signal.SIGKILL)
    assert os.waitpid(-1, 0)[0] == pid
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])


def _end_all(number: int) -> Callable[[int], None]:
    """The server is told to end, and so is the keeper."""

    def end(pid: int) -> None:
        os.kill(os.getpid(), number)
        os.kill(pid, number)

    return end


def _kill_beside_another(pid: int) -> None:
    """Another child ends while the next keeper is being started."""
    run = keeper._run

    def run_and_be_told(module: str) -> "subprocess.Popen[bytes]":
        os.kill(os.getpid(), signal.SIGCHLD)
        return run(module)

    keeper._run = run_and_be_told  # type: ignore[assignment]  # a narrower one
    os.kill(pid, signal.SIGKILL)


HAPPENS: Mapping[str, Callable[[int], None]] = {
    "killed": lambda pid: os.kill(pid, signal.SIGKILL),
    "killed and reaped": _reap,
    "killed beside another": _kill_beside_another,
    "told to end": lambda pid: os.kill(pid, signal.SIGTERM),
    "SIGINT to all": _end_all(signal.SIGINT),
    "SIGTERM to all": _end_all(signal.SIGTERM),
    "SIGQUIT to all": _end_all(signal.SIGQUIT),
}


def main(what: str) -> None:
    for number in (*keeper._ENDS, signal.SIGCHLD):
        signal.signal(number, lambda number, _frame: _heard.append(number))
    keeper._KEEPER = "tests.engine.reaping"
    keeper._FIRST_PAUSE_SECONDS = 0.0
    kept = keeper.Kept()
    kept.start()
    first = kept._keeper
    assert first is not None
    HAPPENS[what](first.pid)
    deadline = time.monotonic() + LONGEST_SECONDS
    while signal.SIGCHLD not in _heard:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    is_another = kept._keeper is not None and kept._keeper is not first
    kept.stop()
    sys.stdout.write(f"{is_another}\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1])
    else:  # as the keeper, which ends with its server
        sys.stdin.read()
