"""Celery's worker and beat as an operator starts them, each as a process of its own, ended by its process id."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.push.worker_process import PORT, Worker, started
from tests.server.running import environment

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


def _celery(
    instance: Path, module: str, arguments: Sequence[str], settings: dict[str, str]
) -> AbstractContextManager[Worker]:
    env = {**environment(instance, PORT), "PYTHONUNBUFFERED": "1", "PYTHONWARNINGS": _QUIETLY, **settings}
    return started(["-m", "celery", "-A", module, *arguments], env)
