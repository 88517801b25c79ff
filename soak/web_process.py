"""The process of a running server that serves the web, seen from outside: what it holds, and what it uses."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from tests.server.running import Server

_KEEPER = "webpush_app.engine.keeper"
_THERE_SECONDS = 30.0


@dataclass(frozen=True)
class WebProcess:
    pid: int

    @property
    def megabytes(self) -> float:
        return self._status("VmRSS:") / 1024

    @property
    def peak_megabytes(self) -> float:
        return self._status("VmHWM:") / 1024

    @property
    def threads(self) -> int:
        return self._status("Threads:")

    @property
    def files(self) -> int:
        """Open ones; each connection is one, and so is each greenlet that serves it."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    @property
    def cpu_seconds(self) -> float:
        used = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def waiting_seconds(self) -> float:
        """How long it was ready to run, and others of the machine ran."""
        return int(Path(f"/proc/{self.pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9

    def _status(self, name: str) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in status.splitlines() if line.startswith(name))
        return int(line.split()[1])


def web_process(server: Server) -> WebProcess:
    deadline = time.monotonic() + _THERE_SECONDS
    while time.monotonic() < deadline:
        found = [pid for pid in _children(server.process.pid) if _KEEPER not in _command(pid)]
        if found:
            return WebProcess(found[0])
        time.sleep(0.01)
    raise AssertionError("the server has no process that serves the web:\n" + "\n".join(server.lines[-20:]))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    except OSError:  # it has just ended
        return _KEEPER
