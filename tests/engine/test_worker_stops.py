"""How a worker ends: told to, at once, or killed in the middle. In no case is a push lost, and none is sent by two
workers unless one of them was killed; then under the same Topic, so that it is shown once."""

import signal
import time
from datetime import timedelta

from tests.delivery.outgoing import Outgoing
from tests.engine.conftest import StartWorker
from tests.engine.processes import wait_until
from tests.people import People
from tests.push.listener import Odd, Reply
from tests.push.service import Subscribed
from webpush_app import clock
from webpush_app.delivery.models import State

AT_ONCE_SECONDS = 1.0
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
