"""The worker of the tests on a machine whose clock is wrong: `python -m tests.push.skewed_worker`, with what
`tests.push.worker` needs, and CLOCK_AHEAD: a file that says by how many seconds, and may say something else later."""

import os
import runpy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from webpush_app import clock

MODULE = "tests.push.skewed_worker"


def main() -> None:
    file = Path(os.environ["CLOCK_AHEAD"])

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(file.read_text(encoding="ascii")))

    with patch.object(clock, "now", now):  # before anything else is imported that may keep the right one
        runpy.run_module("tests.push.worker", run_name="__main__")


if __name__ == "__main__":
    main()
