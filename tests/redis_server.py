"""A real Redis for the tests: on loopback, in a folder of its own, with nothing on the disk; ended by its process id.

It can be stopped and started again at the same address, as a machine does that is restarted; what it held is gone then.
"""

import contextlib
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.server.running import free_port

PROGRAM = shutil.which("redis-server")
PASSWORD = "open-sesame"
START_SECONDS = 30.0


class RedisServer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    def connect(self) -> "redis.Redis":
        return redis.Redis(host="127.0.0.1", port=self.port, password=PASSWORD, decode_responses=True)

    def start(self) -> None:
        assert PROGRAM is not None
        settings = {"port": self.port, "bind": "127.0.0.1", "requirepass": PASSWORD, "save": "", "dir": self._folder}
        given = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
        self._process = subprocess.Popen(
            [PROGRAM, *given], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + START_SECONDS
        with self.connect() as connection:
            while True:
                with contextlib.suppress(redis.RedisError):
                    connection.ping()
                    return
                assert self._process.poll() is None, "Redis ended"
                assert time.monotonic() < deadline, f"Redis does not answer after {START_SECONDS} s"
                time.sleep(0.02)

    def stop(self) -> None:
        """At once, as when its machine goes away; what it held is lost."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(timeout=10)
            self._process = None

    def freeze(self, *, is_frozen: bool) -> None:
        """It answers nothing any more, and its connections stay."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP if is_frozen else signal.SIGCONT)


@contextlib.contextmanager
def redis_server() -> Iterator[RedisServer]:
    with tempfile.TemporaryDirectory(prefix="webpush-redis-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def _redis_for_all() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def redis_at_hand(_redis_for_all: RedisServer) -> RedisServer:
    """Empty, and not to be stopped."""
    with _redis_for_all.connect() as connection:
        connection.flushall()
    return _redis_for_all


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """One of the test's own, which it may stop."""
    with redis_server() as server:
        yield server
