"""How a worker ends: told to, at once, or killed in the middle. In no case is a push lost, and none is sent by two
workers unless one of them was killed; then under the same Topic, so that it is shown once."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import SECRET_KEY
from tests.databases import Database
from tests.delivery.outgoing import Outgoing
from tests.engine.conftest import CONTACT, StartWorker
from tests.engine.processes import wait_until
from tests.people import People
from tests.push.listener import Odd, Reply
from tests.push.service import Subscribed
from tests.push.worker_process import PORT, STOP_SECONDS
from tests.server.running import ROOT, environment
from webpush_app import clock
from webpush_app.delivery.models import State
from webpush_app.engine.works import HAND_BACK_SECONDS

AT_ONCE_SECONDS = 4.0  # the machine may be busy
SLOW_SECONDS = 1.0


def a_push_to(people: People, outgoing: Outgoing) -> Subscribed:
    subscribed = outgoing.device(people("susan")).subscribed
    people.write(people("john"), 1, "hello")
    return subscribed


def topics(subscribed: Subscribed) -> list[str]:
    return [received.headers["topic"] for received in subscribed.received]


def test_told_to_stop_it_finishes_what_is_under_way_and_takes_nothing_more(
    people: People, outgoing: Outgoing, start_worker: StartWorker
) -> None:
    subscribed = a_push_to(people, outgoing)
    subscribed.answer_with(Reply(201, after_seconds=SLOW_SECONDS))
    with start_worker() as worker:
        subscribed.wait_for(1)
        worker.process.send_signal(signal.SIGTERM)
        time.sleep(SLOW_SECONDS / 4)
        people.write(2, 1, "too late for this worker")
        assert worker.wait() == 0
    assert outgoing.states() == [State.ACCEPTED, State.QUEUED]
    assert outgoing.rows()[1].attempts == 0
    assert worker.lines == ["Pushing"]


# Told to stop while it is still putting itself together.
TOO_EARLY = """
import os, signal, sys
from webpush_app.engine.worker import serve
from webpush_app.factory import create_app
from webpush_app.protocol.requests_transport import RequestsTransport

def make_transport(**options):
    os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    return RequestsTransport(**options)

serve(create_app(), make_transport, is_kept=False)
"""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_told_to_stop_before_it_has_begun_it_ends_as_well(
    people: People, outgoing: Outgoing, tmp_path: Path, database: Database, name: str
) -> None:
    a_push_to(people, outgoing)
    given = {"VAPID_CLAIM_EMAIL": CONTACT, "SECRET_KEY": SECRET_KEY, "DATABASE_URL": database.url}
    ended = subprocess.run(
        [sys.executable, "-c", TOO_EARLY, name],
        cwd=ROOT,
        env={**environment(tmp_path, PORT), **given},
        capture_output=True,
        text=True,
        timeout=STOP_SECONDS,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert outgoing.states() == [State.QUEUED]


def test_interrupted_it_hands_back_what_is_under_way_and_ends_at_once(
    people: People, outgoing: Outgoing, start_worker: StartWorker
) -> None:
    subscribed = a_push_to(people, outgoing)
    subscribed.answer_with(Odd.HANG, 201)
    with start_worker() as worker:
        subscribed.wait_for(1)
        began = time.monotonic()
        assert worker.stop(signal.SIGINT) == 0
        assert time.monotonic() - began < AT_ONCE_SECONDS
    row = outgoing.row()
    assert (row.state, row.attempts, row.lease_token) == (State.QUEUED, 0, None)
    assert outgoing.deliver() == 1, "nobody has to wait for the end of the lease"
    assert len(set(topics(subscribed))) == 1
    assert outgoing.states() == [State.ACCEPTED]
    assert worker.lines == ["Pushing"]


def test_what_a_killed_worker_was_sending_is_sent_again_under_the_same_topic(
    people: People, outgoing: Outgoing, start_worker: StartWorker
) -> None:
    subscribed = a_push_to(people, outgoing)
    subscribed.answer_with(Odd.HANG, 201)
    with start_worker() as worker:
        subscribed.wait_for(1)
        assert worker.kill() == -signal.SIGKILL
    row = outgoing.row()
    assert (row.state, row.attempts) == (State.SENDING, 1)
    assert row.due_at is not None
    assert timedelta(seconds=40) < row.due_at - clock.now() <= timedelta(seconds=60)
    assert outgoing.deliver() == 0, "it may still be at it"
    outgoing.change(row.id, due_at=clock.now())
    assert outgoing.deliver() == 1
    row = outgoing.row()
    assert (row.state, row.attempts) == (State.ACCEPTED, 2)
    first, second = topics(subscribed)
    assert first == second


def test_two_workers_share_the_work_and_send_nothing_twice(outgoing: Outgoing, start_worker: StartWorker) -> None:
    devices = [outgoing.device(None) for _ in range(5)]
    with start_worker() as first, start_worker() as second:
        for device in devices:
            outgoing.fill(60, kind="test", subscription_id=device.id)
        wait_until(lambda: set(outgoing.states()) == {State.ACCEPTED}, 20)
    for device in devices:
        assert (len(topics(device.subscribed)), len(set(topics(device.subscribed)))) == (60, 60)
    assert {row.attempts for row in outgoing.rows()} == {1}
    assert (first.lines, second.lines) == (["Pushing"], ["Pushing"])


def test_interrupted_in_a_broadcast_it_leaves_nothing_under_its_lease(
    people: People, outgoing: Outgoing, start_worker: StartWorker
) -> None:
    """Neither what was under way nor what was taken and waits; and what was answered is not sent again."""
    devices = [outgoing.device(None).subscribed for _ in range(150)]
    for device in devices[100:]:
        device.answer_with(Odd.HANG, 201)
    outgoing.broadcast(people("boss", is_admin=True))
    with start_worker() as worker:
        devices[-1].wait_for(1)
        assert worker.stop(signal.SIGINT) == 0
    assert {(row.state, row.crashes) for row in outgoing.rows()} <= {(State.QUEUED, 0), (State.ACCEPTED, 0)}
    outgoing.deliver()
    assert outgoing.states() == [State.ACCEPTED] * 150
    assert {len(device.received) for device in devices[:100]} == {1}


@pytest.fixture
def seconds_to_end(
    people: People, outgoing: Outgoing, start_worker: StartWorker, database: Database
) -> Callable[[signal.Signals], float]:
    """Of a worker whose push service does not answer, beside somebody who writes and does not come to an end."""

    def stop(number: signal.Signals) -> float:
        subscribed = a_push_to(people, outgoing)
        subscribed.answer_with(Odd.HANG, 201)
        with start_worker() as worker:
            subscribed.wait_for(1)
            with database.somebody_writes():
                began = time.monotonic()
                assert worker.stop(number) == 0
                return time.monotonic() - began

    return stop


def test_a_database_that_is_busy_does_not_hold_up_the_end(
    outgoing: Outgoing, seconds_to_end: Callable[[signal.Signals], float]
) -> None:
    """What cannot be handed back comes back with its lease."""
    assert seconds_to_end(signal.SIGINT) < HAND_BACK_SECONDS + AT_ONCE_SECONDS
    assert outgoing.states() == [State.SENDING]


@pytest.mark.sqlite_only("it waits by the same clock on both, and for long")
def test_nothing_holds_it_up_for_longer_than_fifteen_seconds(
    outgoing: Outgoing, seconds_to_end: Callable[[signal.Signals], float]
) -> None:
    assert seconds_to_end(signal.SIGTERM) < 15
    assert outgoing.states() == [State.SENDING]
