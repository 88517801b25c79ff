"""Celery's worker and beat as an operator starts them, each as a process of its own, ended by its process id."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.push.worker_process import PORT, Worker
from tests.server.running import ROOT, environment

WORKER = "tests.push.celery_worker"
BEAT = "webpush_app.engine.celery_app"
READY = "Pushing"
# Whoever tests may be root, of whom Celery warns; here that is no danger.
_QUIETLY = "ignore:You're running the worker with superuser privileges"


@contextmanager
def celery_worker(instance: Path, *options: str, module: str = WORKER, **settings: str) -> Iterator[Worker]:
    with _celery(instance, module, ["worker", *options], settings) as worker:
        worker.wait_for_line(READY)
        yield worker


@contextmanager
def celery_beat(instance: Path, **settings: str) -> Iterator[Worker]:
    with _celery(instance, BEAT, ["beat"], settings) as beat:
        beat.wait_for_line("LocalTime")
        yield beat


@contextmanager
def _celery(instance: Path, module: str, arguments: Sequence[str], settings: dict[str, str]) -> Iterator[Worker]:
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", module, *arguments],
        cwd=ROOT,
        env={**environment(instance, PORT), "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": _QUIETLY, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    worker = Worker(process)
    try:
        yield worker
    finally:
        try:
            worker.stop()
        finally:
            worker.reader.join(timeout=5)
            assert process.stdout is not None
            process.stdout.close()
