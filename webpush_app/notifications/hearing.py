"""How a web process hears what others wake it for, by a pipe and by the broker where there is one; see waking.py."""

import logging
import os
import secrets
import select
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from webpush_app.logs import line
from webpush_app.notifications.waking import (
    CHECK,
    FOLDER,
    MISSED,
    PIPE,
    SOCKETS,
    WHAT_WAS_MISSED,
    list_pipes,
    remove,
    remove_if_left_behind,
)
from webpush_app.private_files import OWNER_ONLY

log = logging.getLogger(__name__)

ROUND_SECONDS = 1.0
SWEEP_EVERY_SECONDS = 15.0
_DEAF_EVERY_SECONDS = 10.0  # where others cannot be heard everybody's news is looked for so often
_OWN_FOLDER = 0o700
_READ_BYTES = 65536

Hear = Callable[[str, Sequence[int]], None]


class Incoming(Protocol):
    """The broker's end of it."""

    @property
    def is_connected(self) -> bool: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...


class Broker(Protocol):
    def listen(self, hear: Callable[[str], None], joined: Callable[[], None]) -> Incoming: ...


class Ear:
    """Listens in a thread of its own. `each_round` is called about once a second, in that thread."""

    def __init__(
        self, instance_path: Path, hear: Hear, each_round: Callable[[], None], broker: Broker | None = None
    ) -> None:
        self._hear = hear
        self._far = broker.listen(self._take_line, self._catch_up) if broker is not None else None
        self._each_round = each_round
        self._folder = instance_path / FOLDER
        self._rest = b""
        self._said: int | None = None
        self._is_over = False
        self._next: dict[str, float] = {}
        self._end: int | None = None
        self.pipe: Path | None = None

    def start(self) -> None:
        self._open()
        if self._far is not None:
            self._far.start()
        threading.Thread(target=self._listen, name="live-ear", daemon=True).start()

    def stop(self) -> None:
        """Nobody need tell this process any more."""
        self._is_over = True
        if self._far is not None:
            self._far.stop()
        if self.pipe is not None:
            with suppress(OSError):
                remove(self.pipe)

    def say_how_many(self, sockets: int) -> None:
        """For whoever asks another process of this machine."""
        if self.pipe is not None and sockets != self._said:
            with suppress(OSError):
                self.pipe.with_suffix(SOCKETS).write_text(str(sockets), encoding="ascii")
                self._said = sockets

    def _open(self) -> None:
        pipe = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}{PIPE}"
        try:
            self._folder.mkdir(mode=_OWN_FOLDER, exist_ok=True)
            for other in list_pipes(self._folder):
                remove_if_left_behind(other)
            os.mkfifo(pipe, OWNER_ONLY)
            # Also for writing: with a reader alone the pipe would end whenever the last writer goes away.
            self._end = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
            self.pipe = pipe
        except OSError as error:
            log.warning(line("live_pipe_not_made", why=error.strerror, then="sockets look every ten seconds"))

    def _listen(self) -> None:
        while not self._is_over:
            try:
                self._wait()
                self._look_around(time.monotonic())
            except Exception:
                log.exception(line("live_ear_failed"))
                time.sleep(ROUND_SECONDS)

    def _look_around(self, now: float) -> None:
        is_deaf = self._end is None or (self._far is not None and not self._far.is_connected)
        if self._was_too_much() or (is_deaf and self._is_time_to("look", _DEAF_EVERY_SECONDS, now)):
            self._catch_up()
        if self._is_time_to("go round", ROUND_SECONDS, now):
            self._each_round()
        if self._is_time_to("sweep", SWEEP_EVERY_SECONDS, now):
            self._hear(CHECK, ())
            self._say_that_it_is_used()

    def _is_time_to(self, what: str, every_seconds: float, now: float) -> bool:
        if now < self._next.setdefault(what, now + every_seconds):
            return False
        self._next[what] = now + every_seconds
        return True

    def _wait(self) -> None:
        """For a word, at most until the next round."""
        if self._end is None:
            time.sleep(ROUND_SECONDS)
            return
        ready, _, _ = select.select([self._end], [], [], ROUND_SECONDS)
        if ready:
            with suppress(BlockingIOError):
                self._take(os.read(self._end, _READ_BYTES))

    def _take(self, said: bytes) -> None:
        *lines, self._rest = (self._rest + said).split(b"\n")
        for text in lines:
            self._take_line(text.decode("ascii", "replace"))

    def _take_line(self, text: str) -> None:
        word, *ids = text.split(" ")
        if all(one.isdecimal() and len(one) < 20 for one in ids):
            self._hear(word, [int(one) for one in ids])

    def _catch_up(self) -> None:
        """Whatever was said while nobody listened here."""
        for word in WHAT_WAS_MISSED:
            self._hear(word, ())

    def _was_too_much(self) -> bool:
        if self.pipe is None:
            return False
        try:
            self.pipe.with_suffix(MISSED).unlink()
        except OSError:
            return False
        return True

    def _say_that_it_is_used(self) -> None:
        if self.pipe is not None:
            with suppress(OSError):
                os.utime(self.pipe)
