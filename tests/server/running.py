"""The real thing for tests: `python app.py` as a person starts it, on a free port, and stopped by its process id."""

import contextlib
import http.client
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests import chosen

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 60.0


def free_port() -> int:
    """Below those that the system gives to whoever connects, and another one in each process that shares the tests.
    By real chance: a browser must not meet another server where it knew one before."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = 10_000 + 4_000 * (process % 5) + secrets.randbelow(4_000)
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.bind(("127.0.0.1", port))
            return port


def environment(instance: Path, port: int, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    own = {} if "DATABASE_URL" in settings else chosen.given_in(instance)
    return {**kept, "INSTANCE_PATH": str(instance), "PORT": str(port), "PYTHONWARNINGS": "default", **own, **settings}


@dataclass
class Server:
    process: subprocess.Popen[str]
    port: int
    host: str = "127.0.0.1"
    lines: list[str] = field(default_factory=list)
    reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.reader = threading.Thread(target=_read, args=(self,), daemon=True)
        self.reader.start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def first_admin_path(self) -> str | None:
        found = re.search(r"/first-admin/\S+", self.output)
        return found.group() if found else None

    def stop(self, signal_number: int = signal.SIGINT) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        return self.wait()

    def press_ctrl_c(self) -> int:
        """As a terminal does it: the server and all its workers are told at once."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)  # its own group: nothing of it may stay behind
            self.process.wait()
            raise

    def is_wholly_gone(self) -> bool:
        """No process of it is left: each held the other end of what we read, and it is closed."""
        self.reader.join(timeout=5)
        return not self.reader.is_alive()


def is_up(port: int, host: str = "127.0.0.1") -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def running(instance: Path, *, root: str = str(ROOT), **settings: str) -> Iterator[Server]:
    port = int(settings.pop("PORT", "0")) or free_port()
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=root,
        env=environment(instance, port, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    server = Server(process, port, settings.get("HOST", "127.0.0.1"))
    try:
        _wait_until_ready(server)
        yield server
    finally:
        server.stop()
        server.reader.join(timeout=5)
        assert process.stdout is not None
        process.stdout.close()


def _read(server: Server) -> None:
    assert server.process.stdout is not None
    for line in server.process.stdout:
        server.lines.append(line.rstrip("\n"))


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if any(line.startswith("Ready:") for line in server.lines) and is_up(server.port, server.host):
            return
        if server.process.poll() is not None:
            raise AssertionError(f"the server ended:\n{server.output}")
        time.sleep(0.02)
    raise AssertionError(f"the server is not ready after {START_SECONDS} s:\n{server.output}")
