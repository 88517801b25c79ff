"""A web process's end of the pipe through which others wake it; see waking.py."""

import logging
import os
import secrets
import select
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from webpush_app.logs import line
from webpush_app.notifications.waking import CHECK, EVERYBODY, FOLDER, MISSED, PIPE, list_pipes, remove_if_left_behind
from webpush_app.private_files import OWNER_ONLY

log = logging.getLogger(__name__)

ROUND_SECONDS = 1.0
SWEEP_EVERY_SECONDS = 15.0
_DEAF_EVERY_SECONDS = 10.0  # without a pipe everybody's news is looked for so often
_OWN_FOLDER = 0o700
_READ_BYTES = 65536

Hear = Callable[[str, Sequence[int]], None]


class Ear:
    """Listens in a thread of its own. `each_round` is called about once a second, in that thread."""

    def __init__(self, instance_path: Path, hear: Hear, each_round: Callable[[], None]) -> None:
        self._hear = hear
        self._each_round = each_round
        self._folder = instance_path / FOLDER
        self._rest = b""
        self._is_over = False
        self._next: dict[str, float] = {}
        self._end: int | None = None
        self.pipe: Path | None = None

    def start(self) -> None:
        self._open()
        threading.Thread(target=self._listen, name="live-ear", daemon=True).start()

    def stop(self) -> None:
        """Nobody need tell this process any more."""
        self._is_over = True
        if self.pipe is not None:
            with suppress(OSError):
                self.pipe.unlink(missing_ok=True)
                self.pipe.with_suffix(MISSED).unlink(missing_ok=True)

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
        is_deaf = self._end is None and self._is_time_to("look", _DEAF_EVERY_SECONDS, now)
        if self._was_too_much() or is_deaf:
            self._hear(EVERYBODY, ())
            self._hear(CHECK, ())
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
            word, *ids = text.decode("ascii", "replace").split(" ")
            if all(one.isdecimal() for one in ids):
                self._hear(word, [int(one) for one in ids])

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
