"""What workers know of each other: how many they are, and what they have sent together."""

from datetime import timedelta

import pytest
from flask import Flask

from tests.delivery.conftest import StandingClock
from tests.delivery.rows import Rows
from webpush_app.database import db
from webpush_app.delivery import fellows
from webpush_app.delivery.beats import ALIVE_FOR, EVERY_SECONDS, Beat
from webpush_app.delivery.counters import Counters
from webpush_app.delivery.fellows import KNOWN_AFTER_SECONDS, Fellows
from webpush_app.delivery.gate import Gate
from webpush_app.delivery.gates import Gates
from webpush_app.delivery.pace import COUNTED_SECONDS, Pace
from webpush_app.delivery.pauses import Standing
from webpush_app.delivery.watch_models import PushWorker

MOZILLA = 7


class Worker:
    """As far as it is known by its beats."""

    def __init__(self, app: Flask, clock: StandingClock) -> None:
        self._app = app
        self.fellows = Fellows(clock)
        self._beat = Beat(Counters(), self.fellows)

    def beat(self) -> None:
        with self._app.app_context():
            self._beat.beat()

    def end(self) -> None:
        with self._app.app_context():
            self._beat.stop()

    def send(self, number: int) -> None:
        for _ in range(number):
            self.fellows.rate(MOZILLA).count()

    @property
    def usual(self) -> float:
        return self.fellows.rate(MOZILLA).usual


@pytest.fixture
def workers(app: Flask, clock: StandingClock) -> list[Worker]:
    return [Worker(app, clock) for _ in range(3)]


@pytest.fixture
def rows(app: Flask) -> Rows:
    return Rows(app)


def beat(workers: list[Worker], clock: StandingClock, *, times: int = 1) -> None:
    for _ in range(times):
        for one in workers:
            one.beat()
        clock.advance(EVERY_SECONDS)


def shares(workers: list[Worker]) -> list[float]:
    return [one.fellows.share() for one in workers]


def test_who_is_alone_sends_all_of_it_at_once(workers: list[Worker], clock: StandingClock) -> None:
    alone = workers[:1]
    assert shares(alone) == [1]
    beat(alone, clock)
    assert shares(alone) == [1]


def test_several_share_it(workers: list[Worker], clock: StandingClock) -> None:
    beat(workers, clock, times=3)
    assert shares(workers) == [1 / 3] * 3


def test_who_is_new_waits_until_the_others_count_with_it(workers: list[Worker], clock: StandingClock) -> None:
    beat(workers[:2], clock, times=3)
    workers[2].beat()
    assert shares(workers) == [1 / 2, 1 / 2, 0]
    clock.advance(KNOWN_AFTER_SECONDS - 0.1)
    beat(workers[:2], clock)
    assert shares(workers) == [1 / 3] * 3


def test_who_has_ended_or_is_lost_has_no_share(workers: list[Worker], clock: StandingClock) -> None:
    beat(workers, clock, times=3)
    workers[2].end()
    beat(workers[:2], clock)
    assert shares(workers[:2]) == [1 / 2, 1 / 2]
    clock.advance(ALIVE_FOR.total_seconds())
    beat(workers[:1], clock)
    assert shares(workers[:1]) == [1]


def test_who_was_not_heard_of_for_long_is_new_again(workers: list[Worker], clock: StandingClock) -> None:
    beat(workers, clock, times=3)
    clock.advance(ALIVE_FOR.total_seconds())
    beat(workers[:2], clock)
    workers[2].beat()
    assert workers[2].fellows.share() == 0


def test_what_they_send_together_is_usual_for_all_of_them(workers: list[Worker], clock: StandingClock) -> None:
    for one in workers:
        one.send(40)
    clock.advance(COUNTED_SECONDS)
    beat(workers, clock, times=2)
    assert [one.usual for one in workers] == [pytest.approx(12, rel=0.01)] * 3


def test_a_push_service_that_a_worker_meets_later_is_known_to_it(workers: list[Worker], clock: StandingClock) -> None:
    workers[0].send(50)
    clock.advance(COUNTED_SECONDS)
    workers[0].beat()
    workers[1].beat()
    assert workers[1].usual == 5


def test_a_worker_of_an_older_version_counts_as_one_that_sends(
    workers: list[Worker], rows: Rows, clock: StandingClock
) -> None:
    beat(workers[:1], clock, times=3)
    rows.writing(lambda: db.session.add(PushWorker(name="old:1", seen_at=clock.moment, counters='{"claimed": 1}')))
    workers[0].beat()
    assert workers[0].fellows.share() == 1 / 2


def test_of_very_many_push_services_the_busiest_are_told(clock: StandingClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fellows, "MOST_TOLD", 3)
    one = Fellows(clock)
    for service_id in range(10):
        for _ in range(service_id):
            one.rate(service_id).count()
    assert sorted(one.says()) == ["7", "8", "9"]
    clock.advance(3600)
    assert sorted(one.says()) == ["7", "8", "9"]


def test_of_what_is_forgotten_nothing_is_told(clock: StandingClock) -> None:
    one = Fellows(clock)
    one.rate(MOZILLA).count()
    one.rate(8)
    assert list(one.says()) == [str(MOZILLA)]
    one.forget(MOZILLA)
    assert one.says() == {}


def test_what_an_outage_has_piled_up_is_not_usual(clock: StandingClock) -> None:
    gate = Gate(MOZILLA, "push.example.org", 8, clock)
    gate.open(Pace(1, clock.moment, clock))
    for _ in range(100):
        gate.sent()
    clock.advance(COUNTED_SECONDS)
    assert gate.rate.usual == 0


def standing(clock: StandingClock, *, is_careful: bool) -> Standing:
    return Standing(
        id=MOZILLA,
        host="push.example.org",
        paused_until=None,
        paused_because=None,
        probed_until=None,
        careful_until=clock.moment + timedelta(hours=1) if is_careful else None,
        recovered_at=clock.moment if is_careful else None,
        usual_rate=10,
        has_personal=True,
        has_broadcast=False,
        has_suspect_personal=False,
        has_suspect_broadcast=False,
    )


def test_what_is_sent_through_a_gate_is_told_until_its_push_service_is_forgotten(clock: StandingClock) -> None:
    one = Fellows(clock)
    gates = Gates(8, clock, one)
    gates.meet([standing(clock, is_careful=False)], 0)
    gates[MOZILLA].sent()
    assert sum(number for _window, number in one.says()[str(MOZILLA)]["sent"]) == 1
    gates[MOZILLA].unsent()
    gates.drop(MOZILLA)
    assert one.says() == {}


@pytest.mark.parametrize(("others", "number"), [(0, 19), (1, 9), (4, 3)])
def test_after_an_outage_a_worker_sends_its_share(clock: StandingClock, others: int, number: int) -> None:
    one = Fellows(clock)
    one.comes(clock.moment)
    one.hear([{}] * others)
    gates = Gates(8, clock, one)
    clock.advance(KNOWN_AFTER_SECONDS)
    gates.meet([standing(clock, is_careful=True)], 0)
    sent = 0
    pace = gates[MOZILLA].pace
    assert pace is not None
    for _ in range(10):
        clock.advance(0.1)
        allowed = pace.allowed()
        pace.use(allowed)
        sent += allowed
    assert sent in (number, number - 1)
