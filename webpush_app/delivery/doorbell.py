"""Wakes the worker of this machine after a commit, so that it need not look many times a second.

A named pipe in the instance folder. Nothing is lost with it: the worker looks once a second anyway, and what is due
stands in the outbox.
"""

import os
import select
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import current_app

from webpush_app.private_files import OWNER_ONLY

_NAME = "doorbell"
_RING = b"."


def ring(_sender: Any = None) -> None:
    """Never waits, and never fails: nobody may be there to hear it."""
    try:
        pipe = os.open(Path(current_app.instance_path) / _NAME, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return
    try:
        os.write(pipe, _RING)
    except OSError:  # full: it has been rung often enough
        pass
    finally:
        os.close(pipe)


class Doorbell:
    """The worker's end. Where no such pipe can be made, it is never heard, and the worker's own rounds do."""

    def __init__(self, instance_path: Path) -> None:
        path = instance_path / _NAME
        try:
            if not path.is_fifo():
                path.unlink(missing_ok=True)
                os.mkfifo(path, OWNER_ONLY)
            # Also for writing: with a reader alone the pipe would end whenever the last ringer goes away.
            self._pipe: int | None = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        except OSError:
            self._pipe = None

    def wait(self, seconds: float, also: Iterable[int] = ()) -> list[int]:
        """Until it rings, or one of the others can be read, or the time is over. The others that can be read."""
        pipes = [] if self._pipe is None else [self._pipe]
        ready, _, _ = select.select([*pipes, *also], [], [], seconds)
        if self._pipe in ready and self._pipe is not None:
            self._drain(self._pipe)
        return [number for number in ready if number != self._pipe]

    def ring(self) -> None:
        """From a signal's handler: wait no longer."""
        if self._pipe is not None:
            with suppress(BlockingIOError):  # full: it has been rung often enough
                os.write(self._pipe, _RING)

    def close(self) -> None:
        """A signal's handler may ring in the midst of it."""
        pipe, self._pipe = self._pipe, None
        if pipe is not None:
            os.close(pipe)

    @staticmethod
    def _drain(pipe: int) -> None:
        try:
            while os.read(pipe, 4096):
                pass
        except BlockingIOError:
            pass
