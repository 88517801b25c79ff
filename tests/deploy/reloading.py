"""How a server takes new code."""

import os
import signal

from tests.engine.processes import descendants, wait_until

MOST_SECONDS = 60.0


def reload(master: int) -> None:
    """As `systemctl reload` does it; over once every process is another one."""
    before = set(descendants(master))
    os.kill(master, signal.SIGHUP)
    wait_until(lambda: (now := set(descendants(master))) and not now & before, MOST_SECONDS)
