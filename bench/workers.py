"""Celery's workers on PostgreSQL: what a push costs where two of them share a broadcast, beside one alone; and how the
rate goes with the number of streams, of rows that are taken ahead, and of answers that are written down together.

What is counted is the CPU time of the workers, each with its children. A worker is there for one round of figures, and
sends a broadcast that does not count first: its connections are open then, and its windows wide.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bench import subscribers
from bench.answering import TakingService, taking
from bench.broadcasting import cpu_seconds_of
from bench.figures import median, show, tell
from bench.measures import Measures
from bench.subscribers import CONTACT, Subscribers
from tests.engine.celery_processes import celery_beat, celery_worker
from tests.engine.processes import descendants
from tests.postgresql_server import postgres_server
from tests.push.worker_process import Worker
from tests.redis_server import PROGRAM, redis_server

BROWSERS = 10_000
ROUNDS = 4
ROUNDS_OF_EACH_MEASURE = 2
_WORKER = "bench.tuned_worker"  # not imported: it is a worker at once
_TWO = "two workers, for each CPU-second of both"


USUAL = Measures()
OTHERS = (
    *(Measures(streams=number) for number in (4, 8, 16, 32, 128)),
    *(Measures(ahead=number) for number in (1, 2, 8, 16)),
    *(Measures(group=number) for number in (10, 30, 300)),
)


class Sent(NamedTuple):
    """One broadcast."""

    per_second: float
    per_cpu_second: float
    shares: list[float]
    """Of the CPU time, of each worker: that all of them took part."""


@dataclass(frozen=True)
class Scene:
    place: Path
    crowd: Subscribers
    service: TakingService
    settings: dict[str, str]

    @contextmanager
    def worker(self, measures: Measures = USUAL) -> Iterator[Worker]:
        given = {**self.settings, **measures.environment}
        with celery_worker(self.place, "-c", "1", module=_WORKER, **given) as worker:
            yield worker

    def broadcast(self, workers: Sequence[Worker]) -> Sent:
        taken = self.service.ask()["taken"]
        began, before = time.perf_counter(), [_cpu_seconds(worker) for worker in workers]
        self.crowd.wait_for(self.crowd.start_broadcast())
        seconds = time.perf_counter() - began
        costs = [_cpu_seconds(worker) - cost for worker, cost in zip(workers, before, strict=True)]
        if (sent := self.service.ask()["taken"] - taken) != BROWSERS:
            raise AssertionError(f"{sent} pushes arrived in place of {BROWSERS}")
        return Sent(BROWSERS / seconds, BROWSERS / sum(costs), [cost / sum(costs) for cost in costs])

    def broadcasts(self, workers: Sequence[Worker], rounds: int) -> list[Sent]:
        self.broadcast(workers)
        return [self.broadcast(workers) for _ in range(rounds)]


def measure(folder: Path) -> None:
    if PROGRAM is None:
        tell("workers: left out, for there is no redis-server here")
        return
    tell(f"workers: broadcasts to {BROWSERS:,} browsers, by one worker of Celery's and by two; other measures")
    with _scene(folder / "workers") as scene:
        _compare(scene)
        _vary(scene)


def _compare(scene: Scene) -> None:
    one, two = list[Sent](), list[Sent]()
    with scene.worker() as first:
        scene.broadcast([first])
        for _ in range(ROUNDS):
            one.append(scene.broadcast([first]))
            with scene.worker() as second:
                two += scene.broadcasts([first, second], 1)
    least = min(min(sent.shares) for sent in two)
    costs = [sent.per_cpu_second for sent in two]
    how = (
        f"{_TWO}; {BROWSERS:,} browsers, median of {ROUNDS} rounds, {min(costs):.0f} to {max(costs):.0f}; each had at "
        f"least {least:.0%} of the work; {median([sent.per_second for sent in two]):.0f} a second, one alone "
        f"{median([sent.per_second for sent in one]):.0f}; PostgreSQL, Redis"
    )
    alone = median([sent.per_cpu_second for sent in one])
    show("workers_pushes_per_cpu_second", median(costs), how, peer="one alone", peer_value=alone, more_is_better=True)


def _vary(scene: Scene) -> None:
    usual = _rates(scene, USUAL)
    peer = f"as it is: {USUAL.words}"
    for measures in (USUAL, *OTHERS):
        per_second, per_cpu_second = usual if measures is USUAL else _rates(scene, measures)
        how = f"{measures.words}; one worker, {BROWSERS:,} browsers, the better of {ROUNDS_OF_EACH_MEASURE}; PostgreSQL"
        show("workers_pushes_a_second", per_second, how, peer=peer, peer_value=usual[0], more_is_better=True)
        show("workers_tuned_per_cpu_second", per_cpu_second, how, peer=peer, peer_value=usual[1], more_is_better=True)


def _rates(scene: Scene, measures: Measures) -> tuple[float, float]:
    with scene.worker(measures) as worker:
        sent = scene.broadcasts([worker], ROUNDS_OF_EACH_MEASURE)
    return max(one.per_second for one in sent), max(one.per_cpu_second for one in sent)


@contextmanager
def _scene(place: Path) -> Iterator[Scene]:
    place.mkdir()
    with ExitStack() as stack:
        service = stack.enter_context(taking(place))
        server = stack.enter_context(postgres_server(is_usual=True))
        server.create("workers")
        redis = stack.enter_context(redis_server())
        settings = {"VAPID_CLAIM_EMAIL": CONTACT, "ENGINE_URL": redis.url}
        settings |= {"DATABASE_URL": server.loopback_url("workers")}
        crowd = subscribers.make(place, BROWSERS, **settings)
        stack.enter_context(celery_beat(place, **settings))
        settings |= {"PUSH_STAND_IN": service.stand_in, "PUSH_CA_FILE": str(service.ca_file)}
        yield Scene(place, crowd, service, settings)


def _cpu_seconds(worker: Worker) -> float:
    pid = worker.process.pid
    return sum(cpu_seconds_of(one) for one in (pid, *descendants(pid)))
