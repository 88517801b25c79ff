"""The numbers of a worker: fed from several threads, few whatever the hosts are, and ready for JSON."""

import json
import threading
from datetime import timedelta

import pytest

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Outgoing
from tests.delivery.rows import MOZILLA
from tests.people import People
from webpush_app.delivery.counters import BUCKETS, MOST_HOSTS, OTHER_HOSTS, Counters


def test_a_worker_that_did_nothing_has_nothing_but_noughts() -> None:
    assert Counters().snapshot() == {"claimed": 0, "settled": 0, "settled_at": None, "given_back": 0, "hosts": {}}


def test_answers_are_counted_by_host_and_class(clock: StandingClock) -> None:
    counters = Counters()
    for host, answer in ((MOZILLA, "accepted"), (MOZILLA, "accepted"), (MOZILLA, "gone"), ("other.example", "gone")):
        counters.answered(host, answer, 0.5)
    counters.claimed(3)
    counters.claimed(4)
    counters.settled(5)
    counters.given_back(2)
    snapshot = json.loads(json.dumps(counters.snapshot()))
    assert (snapshot["claimed"], snapshot["settled"], snapshot["given_back"]) == (7, 5, 2)
    assert snapshot["settled_at"] == clock.moment.isoformat()
    assert snapshot["hosts"][MOZILLA]["answers"] == {"accepted": 2, "gone": 1}
    assert snapshot["hosts"]["other.example"]["answers"] == {"gone": 1}
    assert snapshot["hosts"][MOZILLA]["seconds"] == 1.5


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, 0), (0.01, 0), (0.0101, 1), (0.1, 3), (1.0, 6), (10.0, 9), (10.01, 10), (3600.0, 10)],
)
def test_each_time_falls_into_the_bucket_that_reaches_up_to_it(seconds: float, bucket: int) -> None:
    counters = Counters()
    counters.answered(MOZILLA, "accepted", seconds)
    buckets = counters.snapshot()["hosts"][MOZILLA]["buckets"]
    assert len(buckets) == len(BUCKETS) + 1
    assert [place for place, number in enumerate(buckets) if number] == [bucket]


def test_the_hosts_that_strangers_think_up_are_counted_together() -> None:
    counters = Counters()
    for number in range(MOST_HOSTS + 50):
        counters.answered(f"{number}.push.example", "accepted", 0.1)
    counters.answered("0.push.example", "accepted", 0.1)
    hosts = counters.snapshot()["hosts"]
    assert len(hosts) == MOST_HOSTS + 1
    assert hosts[OTHER_HOSTS]["answers"] == {"accepted": 50}
    assert hosts["0.push.example"]["answers"] == {"accepted": 2}


def test_no_number_is_lost_between_threads() -> None:
    counters = Counters()

    def work() -> None:
        for _time in range(5000):
            counters.answered(MOZILLA, "accepted", 0.02)
            counters.settled(1)

    threads = [threading.Thread(target=work) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    snapshot = counters.snapshot()
    assert snapshot["settled"] == snapshot["hosts"][MOZILLA]["answers"]["accepted"] == 20_000
    assert sum(snapshot["hosts"][MOZILLA]["buckets"]) == 20_000


def test_what_was_handed_out_does_not_change_any_more() -> None:
    counters = Counters()
    counters.answered(MOZILLA, "accepted", 0.02)
    before = counters.snapshot()
    told = json.dumps(before)
    counters.answered(MOZILLA, "accepted", 0.02)
    assert json.dumps(before) == told


def test_a_push_service_that_is_known_by_name_always_has_its_place() -> None:
    counters = Counters()
    for number in range(MOST_HOSTS + 1):
        counters.answered(f"{number}.notify.windows.com", "accepted", 0.1)
    counters.answered("fcm.googleapis.com", "accepted", 0.1)
    assert counters.snapshot()["hosts"]["fcm.googleapis.com"]["answers"] == {"accepted": 1}


def test_what_a_worker_takes_and_what_is_answered_is_counted(
    people: People, outgoing: Outgoing, clock: StandingClock
) -> None:
    susan = people("susan")
    well, gone, held = (outgoing.device(susan) for _ in range(3))
    gone.subscribed.answer_with(410)
    outgoing.change_device(held, hold_until=clock.moment + timedelta(hours=1))
    people.write(people("john"), susan, "hello")
    assert outgoing.deliver() == 3
    assert len(well.subscribed.received) == 1
    counted = outgoing.dispatcher.counters.snapshot()
    assert (counted["claimed"], counted["settled"]) == (3, 2)
    assert counted["settled_at"] == clock.moment.isoformat()
    assert counted["hosts"][MOZILLA]["answers"] == {"accepted": 1, "gone": 1}
    assert sum(counted["hosts"][MOZILLA]["buckets"]) == 2
