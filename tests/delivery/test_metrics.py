"""The figures of the delivery, as Prometheus reads them."""

import json
from datetime import timedelta

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from tests.delivery.conftest import StandingClock
from tests.delivery.rows import MOZILLA, Rows
from webpush_app.database import db
from webpush_app.delivery.alerts import AlertKind, raise_alert
from webpush_app.delivery.counters import Counters
from webpush_app.delivery.models import Lane, State
from webpush_app.delivery.watch_models import PushWorker
from webpush_app.subscriptions.push_services import Pause

Sample = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture
def rows(app: Flask) -> Rows:
    return Rows(app)


def read(app: Flask) -> dict[Sample, float]:
    answer = app.test_client().get("/metrics")
    assert answer.status_code == 200
    samples: dict[Sample, float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in samples
            samples[key] = sample.value
    return samples


def sample(name: str, **labels: str) -> Sample:
    return f"webpush_{name}", frozenset(labels.items())


def worker(
    rows: Rows, clock: StandingClock, name: str, counters: Counters, *, seen: float = 0, ended: bool = False
) -> None:
    at = clock.moment - timedelta(seconds=seen)
    row = PushWorker(name=name, seen_at=at, ended_at=at if ended else None, counters=json.dumps(counters.snapshot()))
    rows.writing(lambda: db.session.add(row))


def test_the_queue_is_told_by_lane_and_state(app: Flask, rows: Rows, clock: StandingClock) -> None:
    rows.push(State.QUEUED, 3, due_at=clock.moment - timedelta(seconds=7))
    rows.push(State.SENDING, 2, due_at=clock.moment + timedelta(seconds=60))
    rows.push(State.QUEUED, 5, kind="broadcast", lane=int(Lane.BROADCAST))
    rows.push(State.FAILED, 1, kind="broadcast", lane=int(Lane.BROADCAST))
    rows.tally(1, (State.QUEUED, 6), (State.FAILED, 1))
    found = read(app)
    assert found[sample("queue_pushes", lane="personal", state="queued")] == 3
    assert found[sample("queue_pushes", lane="personal", state="sending")] == 2
    assert found[sample("queue_pushes", lane="broadcast", state="queued")] == 5
    assert found[sample("queue_pushes", lane="broadcast", state="sending")] == 0
    assert found[sample("oldest_due_seconds", lane="personal")] == 7
    assert found[sample("oldest_due_seconds", lane="broadcast")] == 0


def test_each_push_service_has_its_state_and_the_reason(app: Flask, rows: Rows, clock: StandingClock) -> None:
    later, before = clock.moment + timedelta(seconds=30), clock.moment - timedelta(seconds=1)
    rows.service(MOZILLA)
    rows.service("fcm.googleapis.com", paused_until=later, paused_because=Pause.OUR_KEY)
    rows.service("web.push.apple.com", paused_until=before, paused_because=Pause.BROKEN)
    found = {key: value for key, value in read(app).items() if key[0] == "webpush_push_service_state"}
    assert found == {
        sample("push_service_state", host=MOZILLA, reason=""): 0,
        sample("push_service_state", host="fcm.googleapis.com", reason="our_key"): 1,
        sample("push_service_state", host="web.push.apple.com", reason="broken"): 2,
    }


def test_workers_tell_what_was_answered_and_how_fast(app: Flask, rows: Rows, clock: StandingClock) -> None:
    counters = Counters()
    for seconds in (0.005, 0.03, 0.03, 20.0):
        counters.answered(MOZILLA, "accepted", seconds)
    counters.answered(MOZILLA, "retry_slow_down", 0.03)
    counters.claimed(9)
    counters.settled(5)
    counters.given_back(1)
    worker(rows, clock, "web:7", counters)
    found = read(app)
    where = {"worker": "web:7", "host": MOZILLA}
    assert found[sample("push_answers_total", **where, answer="accepted")] == 4
    assert found[sample("push_answers_total", **where, answer="retry_slow_down")] == 1
    buckets = {
        le: found[sample("push_answer_seconds_bucket", **where, le=le)] for le in ("0.01", "0.05", "10.0", "+Inf")
    }
    assert buckets == {"0.01": 1, "0.05": 4, "10.0": 4, "+Inf": 5}
    assert found[sample("push_answer_seconds_count", **where)] == 5
    assert found[sample("push_answer_seconds_sum", **where)] == pytest.approx(20.095)
    totals = [found[sample(f"pushes_{name}_total", worker="web:7")] for name in ("claimed", "settled", "given_back")]
    assert totals == [9, 5, 1]


def test_the_last_numbers_of_a_worker_that_ended_are_told_for_a_while(
    app: Flask, rows: Rows, clock: StandingClock
) -> None:
    counters = Counters()
    counters.claimed(4)
    worker(rows, clock, "web:7", counters, seen=60, ended=True)
    worker(rows, clock, "web:8", counters, seen=14)
    worker(rows, clock, "web:9", counters, seen=301)
    found = read(app)
    assert found[sample("workers")] == 1
    assert found[sample("pushes_claimed_total", worker="web:7")] == 4
    assert found[sample("pushes_claimed_total", worker="web:8")] == 4
    assert sample("pushes_claimed_total", worker="web:9") not in found


def test_a_worker_that_came_back_under_its_name_stands_there_once(app: Flask, rows: Rows, clock: StandingClock) -> None:
    before, after = Counters(), Counters()
    before.claimed(100)
    after.claimed(2)
    worker(rows, clock, "web:7", before, seen=20, ended=True)
    worker(rows, clock, "web:7", after)
    assert read(app)[sample("pushes_claimed_total", worker="web:7")] == 2


def test_open_alerts_are_counted_by_kind(app: Flask, rows: Rows) -> None:
    for about in (MOZILLA, "fcm.googleapis.com"):
        rows.writing(lambda about=about: raise_alert(AlertKind.HOST_DOWN, about))  # type: ignore[misc]
    found = read(app)
    assert {kind: found[sample("open_alerts", kind=kind)] for kind in AlertKind} == {
        **dict.fromkeys(AlertKind, 0),
        AlertKind.HOST_DOWN: 2,
    }


def test_a_name_that_prometheus_would_stumble_over_is_written_so_that_it_does_not(
    app: Flask, rows: Rows, clock: StandingClock
) -> None:
    worker(rows, clock, 'we"b\\:7\n', Counters())
    assert sample("pushes_claimed_total", worker='we"b\\:7\n') in read(app)
