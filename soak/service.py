"""The real service, by the README's command, killed as machines kill and started again at the same address."""

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.server.running import Server, free_port, is_up, running

_KEEPER = "webpush_app.engine.keeper"
_BACK_SECONDS = 30.0


class Service:
    """`with Service(folder, settings) as service:`; the folder holds what outlives it."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.port = free_port()
        self._folder = folder
        self._settings = {"LOG_LEVEL": "WARNING", **settings, "PORT": str(self.port)}
        self._running = ExitStack()
        self._server: Server | None = None
        self._said: list[str] = []

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def output(self) -> list[str]:
        """Every line, also of those that were killed."""
        return [*self._said, *(self._server.lines if self._server else ())]

    def kill_web_process(self) -> None:
        """The process that serves the web; the one above it starts another."""
        os.kill(self._web_process(), signal.SIGKILL)
        self._wait_until_back()

    def kill_everything(self) -> None:
        """All its processes in the same instant, as when the machine loses its power; then it is started again."""
        os.killpg(self._pid(), signal.SIGKILL)
        self._said = self.output
        self._server = None
        self._running.close()
        self._start()

    def _start(self) -> None:
        # `running` takes the port out of what it is given.
        self._server = self._running.enter_context(running(self._folder, **self._settings))

    def _pid(self) -> int:
        if self._server is None:
            raise RuntimeError("the service is not running")
        return self._server.process.pid

    def _web_process(self) -> int:
        deadline = time.monotonic() + _BACK_SECONDS
        while time.monotonic() < deadline:
            found = [pid for pid in _children(self._pid()) if _KEEPER not in _command(pid)]
            if found:
                return found[0]
            time.sleep(0.01)
        raise AssertionError("the server has no process that serves the web:\n" + "\n".join(self.output[-20:]))

    def _wait_until_back(self) -> None:
        deadline = time.monotonic() + _BACK_SECONDS
        while not is_up(self.port):
            if time.monotonic() > deadline:
                raise AssertionError("the server did not come back:\n" + "\n".join(self.output[-20:]))
            time.sleep(0.02)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").replace("\0", " ")
    except OSError:  # it has just ended
        return _KEEPER
