"""What this process says to the others through Redis: that pushes are due, and that people have news.

A thread of its own says it, so that nobody who writes a message waits for Redis, also not when it is gone. A queue
holds one wake-up at most that nobody has heard yet: another would say nothing more. Where Redis does not answer, what
was to be said of people is said otherwise at once; and when it is back everybody looks at everything.
"""

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from webpush_app.broker.connection import PREFIX, channel, connect
from webpush_app.broker.queues import DELIVER, make_celery
from webpush_app.logs import line

log = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
# A wake-up that was lost on its way holds up others for no longer than this; the tick finds what is due then.
HEARD_WITHIN_MS = 5000
_LAST_WORDS_SECONDS = 2.0
_MOST_LINES = 1000

Otherwise = Callable[[], None]
Line = tuple[str, Otherwise]


class Outgoing:
    def __init__(self, url: str, own_name: str, what_was_missed: Sequence[str]) -> None:
        self._redis = connect(url)
        self._channel = channel(url)
        self._celery = make_celery(url)
        self._own_name = own_name
        self._what_was_missed = what_was_missed
        self._lock = threading.Lock()
        self._bell = threading.Event()
        self._thread: threading.Thread | None = None
        self._due: dict[str, None] = {}
        self._lines: deque[Line] = deque()
        self._is_busy = False
        self._has_left_out = False
        self.is_away = False

    def wake(self, queue: str) -> None:
        """Something is due there."""
        with self._lock:
            self._due[queue] = None
        self._ring()

    def tell(self, text: str, otherwise: Otherwise) -> None:
        """A line to every web process. `otherwise` is called where Redis does not answer, perhaps in another thread."""
        if self.is_away:
            otherwise()
            return
        if len(self._lines) < _MOST_LINES:
            self._lines.append((text, otherwise))
        else:  # Redis is slow, and may still not be away: then others have not heard of it
            otherwise()
            self._has_left_out = True
        self._ring()

    def finish(self) -> None:
        """A command that ends says what it has to say, if that does not take long."""
        deadline = time.monotonic() + _LAST_WORDS_SECONDS
        while (self._lines or self._due or self._is_busy) and not self.is_away and time.monotonic() < deadline:
            time.sleep(0.005)

    def _ring(self) -> None:
        self._bell.set()
        if self._thread is None or not self._thread.is_alive():  # the first, or this process was forked
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="broker-outgoing", daemon=True)
                    self._thread.start()
                    atexit.register(self.finish)

    def _run(self) -> None:
        while True:
            self._bell.wait(AGAIN_SECONDS if self.is_away else None)
            self._is_busy = True
            self._bell.clear()
            lines, due = self._take()
            try:
                self._say(lines, due)
            except (RedisError, KombuError, OSError) as problem:
                self._note_away(problem)
                _say_otherwise(lines)
            except Exception:
                log.exception(line("broker_failed"))
                _say_otherwise(lines)
            self._is_busy = False

    def _take(self) -> tuple[list[Line], list[str]]:
        with self._lock:
            due = list(self._due)
            self._due.clear()
        return [self._lines.popleft() for _ in range(len(self._lines))], due

    def _say(self, lines: Sequence[Line], due: Sequence[str]) -> None:
        texts = [text for text, _otherwise in lines]
        if self.is_away or self._has_left_out:
            self._has_left_out = False
            texts = [*self._what_was_missed, *texts]
        with self._redis.pipeline(transaction=False) as pipe:
            for text in texts:
                pipe.publish(self._channel, f"{self._own_name} {text}")
            for queue in due:
                pipe.set(_woken(queue), 1, nx=True, px=HEARD_WITHIN_MS)
            answers = pipe.execute() if texts or due else []
        if self.is_away:
            self.is_away = False
            log.warning(line("broker_is_back"))
        for queue, is_first in zip(due, answers[len(texts) :], strict=True):
            if is_first:
                self._celery.send_task(DELIVER[queue], queue=queue, retry=False)

    def _note_away(self, problem: Exception) -> None:
        if not self.is_away:
            self.is_away = True
            log.warning(line("broker_is_away", why=type(problem).__name__, then="workers and pages look by themselves"))

    def heard(self, queue: str) -> None:
        """A worker is about to look: what is due from now on needs another wake-up."""
        self._redis.delete(_woken(queue))


def _say_otherwise(lines: Sequence[Line]) -> None:
    for _text, otherwise in lines:
        try:
            otherwise()
        except Exception:
            log.exception(line("broker_not_replaced"))


def _woken(queue: str) -> str:
    return f"{PREFIX}woken:{queue}"
