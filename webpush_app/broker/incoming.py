"""What other processes say through Redis, heard by this one in a thread of its own.

Nothing is kept for who does not listen: whoever begins to, or begins again, is told so and looks at everything. A
connection on which nothing comes is asked now and then whether it is one.
"""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from redis.exceptions import RedisError

from webpush_app.broker.connection import channel, connect
from webpush_app.logs import line

log = logging.getLogger(__name__)

ASKED_EVERY_SECONDS = 3.0
SILENT_SECONDS = 8.0
AGAIN_SECONDS = 1.0
_ROUND_SECONDS = 1.0

Hear = Callable[[str], None]


class Incoming:
    def __init__(self, url: str, own_name: str, hear: Hear, joined: Callable[[], None]) -> None:
        self._redis = connect(url)
        self._channel = channel(url)
        self._own_name = own_name
        self._hear = hear
        self._joined = joined
        self._is_over = False
        self._last_word_at = self._asked_at = 0.0
        self.is_connected = False

    def start(self) -> None:
        threading.Thread(target=self._run, name="broker-incoming", daemon=True).start()

    def stop(self) -> None:
        self._is_over = True

    def _run(self) -> None:
        while not self._is_over:
            try:
                self._listen()
            except (RedisError, OSError) as problem:
                if self.is_connected:
                    log.warning(line("broker_not_heard", why=type(problem).__name__, then="pages are looked after"))
            except Exception:
                log.exception(line("broker_ear_failed"))
            self.is_connected = False
            if not self._is_over:
                time.sleep(AGAIN_SECONDS)

    def _listen(self) -> None:
        listening: Any = self._redis.pubsub()  # type: ignore[no-untyped-call]  # it tells no types
        try:
            listening.subscribe(self._channel)
            self._last_word_at = self._asked_at = time.monotonic()
            while not self._is_over:
                said = listening.get_message(timeout=_ROUND_SECONDS)
                if said is not None:
                    self._take(said)
                self._ask(listening)
        finally:
            with suppress(RedisError, OSError):
                listening.close()

    def _take(self, said: dict[str, Any]) -> None:
        self._last_word_at = time.monotonic()
        if said["type"] == "subscribe":  # also when the connection was made anew underneath
            self.is_connected = True
            self._joined()
        elif said["type"] == "message":
            who, _space, text = str(said["data"]).partition(" ")
            if who != self._own_name:
                self._hear(text)

    def _ask(self, listening: Any) -> None:
        now = time.monotonic()
        if now - self._last_word_at > SILENT_SECONDS:
            raise TimeoutError("Redis is silent")
        if now - self._last_word_at > ASKED_EVERY_SECONDS and now - self._asked_at > ASKED_EVERY_SECONDS:
            self._asked_at = now
            listening.ping()
