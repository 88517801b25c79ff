"""`python -m bench`, or `python -m bench unread sending`: measure, and print one JSON line for each figure."""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import backlog, broadcasting, listing, notifications, pushing, sending, signing_in, starting, unread, workers
from bench.figures import tell

SUBJECTS: dict[str, Callable[[Path], None]] = {
    "unread": unread.measure,
    "listing": listing.measure,
    "notifications": notifications.measure,
    "sending": sending.measure,
    "pushing": pushing.measure,
    "broadcasting": broadcasting.measure,
    "backlog": backlog.measure,
    "workers": workers.measure,
    "signing_in": signing_in.measure,
    "starting": starting.measure,
}


def main(names: Sequence[str]) -> int:
    unknown = [name for name in names if name not in SUBJECTS]
    if unknown:
        tell(f"There is no measurement called {', '.join(unknown)}. There are: {', '.join(SUBJECTS)}.")
        return 2
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="webpush-bench-") as folder:
        for name in names or SUBJECTS:
            SUBJECTS[name](Path(folder))
    tell(f"done in {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
