"""A push service that hangs holds up its own push and no other: they are sent and settled all the same."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask

from tests.delivery.outgoing import Outgoing
from tests.people import People
from tests.push.listener import Odd, Reply
from tests.push.service import PushService
from webpush_app.clock import now
from webpush_app.delivery import claims, dispatcher
from webpush_app.delivery.models import State
from webpush_app.protocol.requests_transport import RequestsTransport

DEADLINE_SECONDS = 2.0
IN_BETWEEN_SECONDS = DEADLINE_SECONDS * 0.75
OTHERS = 12
PARALLEL = 4


@pytest.fixture
def outgoing(app: Flask, service: PushService) -> Iterator[Outgoing]:
    options = service.transport_options()
    transport = RequestsTransport(**options, deadline_seconds=DEADLINE_SECONDS, parallel=PARALLEL)
    yield Outgoing(app, service, transport)
    transport.close()


def wait_until(is_so: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def test_the_others_are_settled_while_one_hangs(people: People, outgoing: Outgoing) -> None:
    john, *others = (people(f"person{number}") for number in range(OTHERS + 2))
    devices = [outgoing.device(person) for person in others]
    devices[0].subscribed.answer_with(Odd.HANG)
    for person in others:
        people.write(john, person, "hello")
    delivering = threading.Thread(target=outgoing.deliver_batch)
    delivering.start()
    wait_until(lambda: outgoing.states().count(State.ACCEPTED) == len(others) - 1, IN_BETWEEN_SECONDS)
    assert outgoing.rows()[0].state == State.SENDING
    delivering.join(timeout=10)
    hung = outgoing.rows()[0]
    assert (hung.state, hung.reason, hung.answer_status, hung.attempts) == (State.QUEUED, "unknown", None, 1)
    assert hung.said
    assert outgoing.is_on(devices[0])


def test_a_private_message_is_sent_while_a_broadcast_hangs(people: People, outgoing: Outgoing) -> None:
    """As the worker's first thread does it, which takes what is personal alone."""
    hanging, susan = outgoing.device(None), outgoing.device(people("susan"))
    hanging.subscribed.answer_with(Odd.HANG)
    outgoing.broadcast(people("boss", is_admin=True))
    broadcasting = threading.Thread(target=outgoing.deliver_batch)
    broadcasting.start()
    hanging.subscribed.wait_for(1)
    people.write(people("john"), 1, "hello")
    began = time.monotonic()
    assert outgoing.deliver_batch() == 1
    assert time.monotonic() - began < IN_BETWEEN_SECONDS
    assert "hello" in [received.json()["body"] for received in susan.subscribed.received]
    broadcasting.join(timeout=10)


def test_nobody_who_writes_waits_for_a_push_service(people: People, outgoing: Outgoing) -> None:
    """No transaction is open while pushes are under way."""
    device = outgoing.device(people("susan"))
    device.subscribed.answer_with(Reply(201, after_seconds=1.0))
    people.write(people("john"), 1, "first")
    delivering = threading.Thread(target=outgoing.deliver_batch)
    delivering.start()
    device.subscribed.wait_for(1)
    began = time.monotonic()
    people.write(2, 1, "second")
    assert time.monotonic() - began < 0.5
    assert outgoing.states() == [State.SENDING, State.QUEUED]
    delivering.join(timeout=10)
    assert outgoing.states() == [State.ACCEPTED, State.QUEUED]


def test_what_could_not_be_sent_within_the_lease_is_left_to_the_next_round(
    people: People, outgoing: Outgoing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be claimed by another and sent by both. In small: a lease of four seconds, of which the last two
    are for answers, and three times as many hanging pushes as can be under way at once."""
    monkeypatch.setattr(claims, "LEASE", timedelta(seconds=2 * DEADLINE_SECONDS))
    monkeypatch.setattr(dispatcher, "ANSWERED_WITHIN", timedelta(seconds=DEADLINE_SECONDS))
    susan = people("susan")
    devices = [outgoing.device(susan) for _ in range(3 * PARALLEL)]
    for device in devices:
        device.subscribed.answer_with(Odd.HANG)
    people.write(people("john"), susan, "hello")
    outgoing.deliver_batch()
    numbers = [len(device.subscribed.received) for device in devices]
    assert max(numbers) == 1
    assert sum(numbers) <= 2 * PARALLEL
    by_browser = {row.subscription_id: row.attempts for row in outgoing.rows()}
    assert [by_browser[device.id] for device in devices] == numbers
    assert set(outgoing.states()) == {State.QUEUED}
    waiting = [row for row in outgoing.rows() if row.attempts == 0]
    assert all(row.due_at is not None and row.due_at <= now() and row.lease_token is None for row in waiting)
