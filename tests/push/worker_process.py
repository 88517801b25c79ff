"""The real worker for tests, as a process of its own: `python -m tests.push.worker`, whose every push goes to the
stand-in. It is stopped by its process id, and can be killed as machines kill."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.server.running import ROOT, environment

MODULE = "tests.push.worker"
READY = "Pushing"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
# The worker listens to nothing; this is the port that a site has unless it is told otherwise.
PORT = 5000


@dataclass
class Worker:
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for_line(self, beginning: str, seconds: float = START_SECONDS) -> str:
        """The first line that begins so, once it is there."""
        deadline = time.monotonic() + seconds
        while True:
            has_ended = self.process.poll() is not None
            if has_ended:
                self.reader.join(timeout=5)
            found = next((line for line in self.lines if line.startswith(beginning)), None)
            if found is not None:
                return found
            if has_ended or time.monotonic() > deadline:
                state = "the worker ended" if has_ended else f"not within {seconds} s"
                raise AssertionError(f"no line begins with {beginning!r}: {state}:\n{self.output}")
            time.sleep(0.02)

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self.wait()

    def kill(self) -> int:
        """As a machine does that has no memory left: nothing is put in order."""
        return self.stop(signal.SIGKILL)

    def wait(self) -> int:
        try:
            return self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._let_it_say_where_it_stands()
            raise AssertionError(f"it has not ended within {STOP_SECONDS} s:\n{self.output}") from None

    def _let_it_say_where_it_stands(self) -> None:
        """All of its group, each thread: nothing of it may stay behind."""
        for number in (signal.SIGABRT, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            self.reader.join(timeout=5)
        self.process.wait()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))


@contextmanager
def started(arguments: Sequence[str], env: Mapping[str, str]) -> Iterator[Worker]:
    """`python …` from the root of the project, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**env, "PYTHONFAULTHANDLER": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    worker = Worker(process)
    try:
        yield worker
    finally:
        try:
            worker.stop()
        finally:
            worker.reader.join(timeout=5)
            assert process.stdout is not None
            process.stdout.close()


@contextmanager
def pushing(instance: Path, stand_in: str, ca_file: Path, *, module: str = MODULE, **settings: str) -> Iterator[Worker]:
    """The stand-in is the service's "127.0.0.1:PORT"; settings go to the environment as they are."""
    given = {"PUSH_STAND_IN": stand_in, "PUSH_CA_FILE": str(ca_file), **settings}
    with started(["-m", module], environment(instance, PORT, **given)) as worker:
        worker.wait_for_line(READY)
        yield worker
