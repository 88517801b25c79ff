"""What `/metrics` says of the delivery. Hosts of push services and names of workers, never an endpoint or a key."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import accumulate
from typing import Any

from flask import current_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from sqlalchemy import select

from webpush_app import clock
from webpush_app.broker import EXTENSION
from webpush_app.database import db
from webpush_app.delivery import alerts, backlog, beats
from webpush_app.delivery.counters import BUCKETS
from webpush_app.delivery.models import Lane
from webpush_app.subscriptions.push_services import PushService

# A worker that ended is told of for so long that its last numbers are read too.
_TOLD_FOR = timedelta(minutes=5)
_MOST_SERVICES = 500
CLOSED, PAUSED, TRIED = range(3)
BROKER_WELL, BROKER_SILENT, BROKER_AWAY = range(3)


def queue() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "webpush_queue_pushes",
        "Pushes that wait (queued) or that a worker has (sending), now. Personal ones, and those that a worker has, "
        f"are counted up to {backlog.COUNTED_UP_TO}; queued ones of broadcasts come from their tally and are exact.",
        labels=("lane", "state"),
    )
    for (lane, state), number in backlog.depth().items():
        family.add_metric((lane.name.lower(), state), number)
    yield family
    oldest = GaugeMetricFamily(
        "webpush_oldest_due_seconds",
        "For how long the oldest push that could be sent now has waited; those to push services that are paused, tried "
        "or treated with care after an outage do not count.",
        labels=("lane",),
    )
    waited = backlog.list_waited()
    for lane in Lane:
        oldest.add_metric((lane.name.lower(),), backlog.longest_wait(lane, waited).total_seconds())
    yield oldest


def services() -> Iterator[Metric]:
    family = GaugeMetricFamily(
        "webpush_push_service_state",
        "Whether pushes to a push service flow: 0 they do, 1 it is paused, 2 one push is trying it.",
        labels=("host", "reason"),
    )
    columns = (PushService.host, PushService.paused_until, PushService.paused_because)
    query = select(*columns).order_by(PushService.paused_because.is_(None), PushService.host).limit(_MOST_SERVICES)
    now = clock.now()
    for host, paused_until, because in db.session.execute(query):
        is_paused = paused_until is not None and paused_until > now
        family.add_metric((host, because or ""), PAUSED if is_paused else TRIED if because else CLOSED)
    yield family


def watch() -> Iterator[Metric]:
    alive = sum(one.is_alive for one in beats.list_workers())
    yield GaugeMetricFamily("webpush_workers", "Workers that were heard of within the last 15 seconds.", value=alive)
    family = GaugeMetricFamily("webpush_open_alerts", "Alerts that are open, as on /admin.", labels=("kind",))
    for kind, number in alerts.count_open().items():
        family.add_metric((kind,), number)
    yield family


def workers() -> Iterator[Metric]:
    """As each worker last wrote it down, at most a few seconds ago."""
    seen = beats.list_workers(_TOLD_FOR)
    for name, words in _TOTALS.items():
        total = CounterMetricFamily(f"webpush_pushes_{name}", f"{words}, since the worker's start.", labels=("worker",))
        for one in seen:
            total.add_metric((one.name,), one.counters.get(name, 0))
        yield total
    yield from _answers(seen)


def broker() -> Iterator[Metric]:
    """Only where there is one."""
    is_ticking = current_app.extensions[EXTENSION].is_heard_ticking()
    state = BROKER_AWAY if is_ticking is None else BROKER_WELL if is_ticking else BROKER_SILENT
    yield GaugeMetricFamily(
        "webpush_broker_state", "Redis: 0 ticks are heard, 1 it answers and nobody ticks, 2 it is away.", value=state
    )


SOURCES = (queue, services, watch, workers)

_TOTALS = {
    "claimed": "Pushes that a worker took from the outbox",
    "settled": "Pushes whose answer was written down",
    "given_back": "Pushes that were taken and handed back unsent",
}


def _answers(seen: Sequence[beats.Seen]) -> Iterator[Metric]:
    answers = CounterMetricFamily(
        "webpush_push_answers",
        "What push services answered, since the worker's start: accepted, gone, retry_<why> or refused_<why>. Beyond "
        "200 hosts the rest is “other”.",
        labels=("worker", "host", "answer"),
    )
    took = HistogramMetricFamily(
        "webpush_push_answer_seconds", "From the sending of a push to its answer.", labels=("worker", "host")
    )
    for worker in seen:
        for host, of_host in worker.counters.get("hosts", {}).items():
            for answer, number in of_host["answers"].items():
                answers.add_metric((worker.name, host, answer), number)
            took.add_metric((worker.name, host), _cumulative(of_host["buckets"]), sum_value=of_host["seconds"])
    yield from (answers, took)


def _cumulative(buckets: Sequence[int]) -> list[Any]:
    limits = [*(str(limit) for limit in BUCKETS), "+Inf"]
    return list(zip(limits, accumulate(buckets), strict=True))
