"""Workers of Celery's, as processes, with a real Redis: woken by a commit or a tick, and without Redis by nobody."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import pytest
from flask import Flask

from tests.conftest import SECRET_KEY, AppMaker
from tests.databases import Database
from tests.delivery.outgoing import Outgoing
from tests.engine.celery_processes import celery_beat, celery_worker
from tests.engine.conftest import CONTACT
from tests.engine.processes import descendants, is_alive, wait_until
from tests.people import People
from tests.push.listener import Odd
from tests.push.service import PushService
from tests.push.worker_process import Worker
from tests.redis_server import RedisServer
from webpush_app.broker import MESSAGES
from webpush_app.broker.connection import PREFIX
from webpush_app.broker.queues import DELIVER, make_celery
from webpush_app.delivery.models import Lane, State

pytestmark = [pytest.mark.redis, pytest.mark.postgresql_only("several workers on SQLite wait for each other")]

LEASE_SECONDS = 12  # a sixth of it is the longest that an answer is waited for


class StartCelery(Protocol):
    def __call__(self, *options: str) -> AbstractContextManager[Worker]: ...


@pytest.fixture
def redis(own_redis: RedisServer) -> RedisServer:
    return own_redis


@pytest.fixture
def app(make_app: AppMaker, redis: RedisServer) -> Flask:
    return make_app(vapid_claim_email=CONTACT, engine_url=redis.url, embedded_worker=False)


@pytest.fixture
def given(database: Database, service: PushService, redis: RedisServer) -> dict[str, str]:
    return {
        "VAPID_CLAIM_EMAIL": CONTACT,
        "SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": database.url,
        "ENGINE_URL": redis.url,
        "PUSH_STAND_IN": service.stand_in,
        "PUSH_CA_FILE": str(service.ca_file),
        "PUSH_LEASE_SECONDS": str(LEASE_SECONDS),
    }


@pytest.fixture
def worker(tmp_path: Path, given: dict[str, str]) -> StartCelery:
    return lambda *options: celery_worker(tmp_path, *(options or ("-c", "2")), **given)


@pytest.fixture
def beat(tmp_path: Path, given: dict[str, str]) -> Iterator[Worker]:
    with celery_beat(tmp_path, **given) as beat:
        yield beat


def test_a_message_wakes_a_worker(people: People, outgoing: Outgoing, worker: StartCelery) -> None:
    """Nothing ticks here, and nobody looks by themselves yet."""
    device = outgoing.device(people("susan"))
    people("john")
    with worker() as process:
        for number in (1, 2, 3):
            people.write(2, 1, "hello")
            device.subscribed.wait_for(number, timeout=5)
        wait_until(lambda: outgoing.states() == [State.ACCEPTED] * 3, 10)
    assert "rror" not in process.output


def test_what_nobody_was_woken_for_is_found_by_the_tick(outgoing: Outgoing, worker: StartCelery, beat: Worker) -> None:
    device = outgoing.device(None)
    with worker() as process:
        outgoing.fill(1, kind="test", subscription_id=device.id)
        device.subscribed.wait_for(1, timeout=20)
    assert "rror" not in process.output + beat.output
    assert "by_itself" not in process.output


def test_while_redis_is_away_workers_look_by_themselves_and_afterwards_they_are_woken_again(
    people: People, outgoing: Outgoing, worker: StartCelery, beat: Worker, redis: RedisServer
) -> None:
    device = outgoing.device(people("susan"))
    people("john")
    with worker() as process:
        people.write(2, 1, "before")
        device.subscribed.wait_for(1, timeout=10)
        redis.stop()
        wait_until(lambda: process.output.count("worker_looks_by_itself") == 2, 30)
        people.write(2, 1, "meanwhile")
        device.subscribed.wait_for(2, timeout=20)
        wait_until(lambda: "ERROR celery.beat" in beat.output, 30)
        redis.start()
        wait_until(lambda: process.output.count("worker_is_woken_again") == 2, 60)
        assert process.output.count("worker_looks_by_itself") == 2
        people.write(2, 1, "afterwards")
        device.subscribed.wait_for(3, timeout=10)
        wait_until(lambda: outgoing.states() == [State.ACCEPTED] * 3, 10)
    assert "Traceback" not in process.output + beat.output


def test_a_wake_up_that_nobody_here_has_time_for_is_left_to_others(worker: StartCelery, redis: RedisServer) -> None:
    with worker("-c", "1") as process, redis.connect() as looking:
        [child] = descendants(process.process.pid)
        os.kill(child, signal.SIGSTOP)
        try:
            for _ in range(2):  # it was free for one
                make_celery(redis.url).send_task(DELIVER[MESSAGES], queue=MESSAGES)
            wait_until(lambda: looking.llen(f"{PREFIX}{MESSAGES}") == 1, 10)
            time.sleep(1)
            assert looking.llen(f"{PREFIX}{MESSAGES}") == 1
        finally:
            os.kill(child, signal.SIGCONT)
        wait_until(lambda: looking.llen(f"{PREFIX}{MESSAGES}") == 0, 10)


def test_a_broadcast_is_shared_by_all_processes(people: People, outgoing: Outgoing, worker: StartCelery) -> None:
    for _ in range(200):
        outgoing.device(None)
    with worker("-c", "2"), worker("-c", "2"):
        outgoing.start_broadcast(people("boss", is_admin=True))
        outgoing.service.wait_for(200, timeout=30)
        wait_until(lambda: outgoing.tally(1).get(State.ACCEPTED) == 200, 30)
    assert len(outgoing.service.received) == 200


def test_told_to_end_it_finishes_what_is_under_way_and_hands_back_the_rest(
    people: People, outgoing: Outgoing, worker: StartCelery
) -> None:
    for _ in range(3):
        outgoing.device(None).subscribed.answer_with(Odd.HANG)
    quick = [outgoing.device(None) for _ in range(50)]
    with worker() as process:
        outgoing.start_broadcast(people("boss", is_admin=True))
        for device in quick:
            device.subscribed.wait_for(1, timeout=20)
        assert process.stop(signal.SIGTERM) == 0
    rows = outgoing.rows()
    assert not [row for row in rows if row.state == State.SENDING or row.lease_token]
    assert sum(row.state == State.ACCEPTED for row in rows) == 50
    assert all(row.attempts <= 1 for row in rows)


def test_a_killed_worker_takes_its_processes_with_it_and_loses_nothing(
    people: People, outgoing: Outgoing, worker: StartCelery, beat: Worker
) -> None:
    for _ in range(200):
        outgoing.device(None)
    with worker() as doomed:
        outgoing.start_broadcast(people("boss", is_admin=True))
        outgoing.service.wait_for(50, timeout=20)
        children = descendants(doomed.process.pid)
        doomed.kill()
    wait_until(lambda: not any(is_alive(pid) for pid in children), 10)
    with worker():
        wait_until(lambda: outgoing.tally(1).get(State.ACCEPTED) == 200, 90)
    assert len({received.endpoint for received in outgoing.service.received}) == 200


def test_a_worker_of_messages_alone_leaves_broadcasts_to_others(
    people: People, outgoing: Outgoing, worker: StartCelery
) -> None:
    susan = outgoing.device(people("susan"))
    boss = people("boss", is_admin=True)
    with worker("-c", "1", "-Q", "messages"):
        outgoing.start_broadcast(boss)
        people.write(boss, 1, "hello")
        susan.subscribed.wait_for(1, timeout=20)
        wait_until(lambda: outgoing.states() == [State.ACCEPTED], 10)
        with worker("-c", "1", "-Q", "broadcasts"):
            susan.subscribed.wait_for(2, timeout=20)
    assert {row.lane for row in outgoing.rows()} == {Lane.PERSONAL, Lane.BROADCAST}


def test_what_hangs_in_a_broadcast_does_not_hold_up_a_message(
    people: People, outgoing: Outgoing, worker: StartCelery
) -> None:
    """One process, which is in the midst of it."""
    boss = people("boss", is_admin=True)
    for _ in range(3):
        outgoing.device(None).subscribed.answer_with(Odd.HANG)
    with worker("-c", "1"):
        outgoing.start_broadcast(boss)
        outgoing.service.wait_for(3, timeout=20)
        susan = outgoing.device(people("susan"))
        people.write(boss, 2, "hello")
        susan.subscribed.wait_for(1, timeout=20)
