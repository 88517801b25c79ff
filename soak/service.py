"""The real service, by the README's command, killed as machines kill and started again at the same address."""

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from soak.web_process import web_process
from tests.server.running import Server, free_port, is_up, running

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
        os.kill(web_process(self._running_server).pid, signal.SIGKILL)
        self._wait_until_back()

    def kill_everything(self) -> None:
        """All its processes in the same instant, as when the machine loses its power; then it is started again."""
        os.killpg(self._running_server.process.pid, signal.SIGKILL)
        self._said = self.output
        self._server = None
        self._running.close()
        self._start()

    def _start(self) -> None:
        # `running` takes the port out of what it is given.
        self._server = self._running.enter_context(running(self._folder, **self._settings))

    @property
    def _running_server(self) -> Server:
        if self._server is None:
            raise RuntimeError("the service is not running")
        return self._server

    def _wait_until_back(self) -> None:
        deadline = time.monotonic() + _BACK_SECONDS
        while not is_up(self.port):
            if time.monotonic() > deadline:
                raise AssertionError("the server did not come back:\n" + "\n".join(self.output[-20:]))
            time.sleep(0.02)
