"""The worker's threads, run in this process against the tests' push service."""

import threading
import time
from collections.abc import Callable

from tests.engine.processes import wait_until
from webpush_app.engine.loop import Loop

WORKS = ("_take", "_send", "_settle", "_fill", "_keep_house")

RunLoop = Callable[..., "Running"]


class Running:
    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.is_sudden = False
        self.thread = threading.Thread(target=loop.run, args=(lambda: self.is_sudden,))
        self.thread.start()

    def stop(self) -> float:
        """How many seconds it took."""
        began = time.monotonic()
        self.loop.stop()
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()
        return time.monotonic() - began


def wait_for_the_threads() -> None:
    wait_until(lambda: not any(thread.name in WORKS for thread in threading.enumerate()), 20)
