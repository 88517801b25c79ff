"""Several workers on one database, as real processes: together they write each row once."""

import subprocess
import sys
from pathlib import Path

from tests.broadcasts.fanning_out import READY
from tests.broadcasts.site import Site
from tests.databases import Database
from webpush_app.broadcasts.service import Progress
from webpush_app.config import ROOT
from webpush_app.delivery.models import State

WORKERS = 2
BROWSERS = 60
STEP = 3
SECONDS = 60.0


def _start(folder: Path, database: Database) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.broadcasts.fanning_out", str(folder), database.url, str(STEP)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _steps_of(worker: subprocess.Popen[str]) -> int:
    said, complaint = worker.communicate(timeout=SECONDS)
    assert (worker.returncode, complaint) == (0, "")
    return int(said)


def _run(folder: Path, database: Database) -> list[int]:
    """How many steps each of them did."""
    workers = [_start(folder, database) for _number in range(WORKERS)]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == f"{READY}\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        return [_steps_of(worker) for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def test_two_workers_write_each_row_once(site: Site, database: Database, tmp_path: Path) -> None:
    browsers = site.browsers(BROWSERS)
    broadcasts = [site.start(), site.start()]
    steps = _run(tmp_path, database)
    assert all(steps), steps
    assert sum(steps) == len(broadcasts) * BROWSERS // STEP
    for broadcast in broadcasts:
        assert site.reached(broadcast) == browsers
        assert site.tally(broadcast)[State.QUEUED] == BROWSERS
        assert site.progress(broadcast) == Progress(BROWSERS, accepted=0, failed=0, is_done=False)
