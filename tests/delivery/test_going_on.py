"""What a worker takes goes on from bookmarks, and passes over nothing for long, whatever has room."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Outgoing
from tests.push.service import GOOGLE
from webpush_app.delivery.bookmarks import TRUSTED_FOR
from webpush_app.delivery.models import Lane, State
from webpush_app.protocol.answers import Accepted

SERVICE = 1


@pytest.fixture(autouse=True)
def _in_the_app(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def has_taken_all(outgoing: Outgoing) -> bool:
    return outgoing.dispatcher.has_taken_all


def has_no_room(outgoing: Outgoing) -> bool:
    return outgoing.dispatcher.has_no_room


def test_nothing_is_said_to_be_due_only_after_a_look_at_everything(outgoing: Outgoing, clock: StandingClock) -> None:
    """Whoever rests, or ends its turn, then leaves nothing behind."""
    device = outgoing.device(None)
    room = outgoing.dispatcher.flow
    same: dict[str, Any] = {"kind": "test", "subscription_id": device.id}
    outgoing.fill(1, **same)
    outgoing.deliver()
    most = room.room(SERVICE, Lane.BROADCAST)
    outgoing.fill(most, Lane.BROADCAST, **same)
    assert outgoing.deliver_batch() == most
    outgoing.fill(1, Lane.BROADCAST, **same, due_at=clock.moment - timedelta(seconds=5))
    outgoing.fill(1, **same, state=State.SENDING, attempts=1, lease_token="of a lost worker")
    assert [outgoing.deliver_batch() for _ in range(3)] == [1, 1, 0]
    assert set(outgoing.states()) == {State.ACCEPTED}


def test_a_worker_passes_over_what_it_has_taken(outgoing: Outgoing, clock: StandingClock) -> None:
    same: dict[str, Any] = {"kind": "test", "subscription_id": outgoing.device(None).id}
    outgoing.fill(300, Lane.BROADCAST, **same)
    first = outgoing.deliver_batch()
    outgoing.fill(1, Lane.BROADCAST, **same, due_at=clock.moment - timedelta(seconds=5))
    second = outgoing.deliver_batch()
    assert outgoing.states().count(State.ACCEPTED) == first + second < 300
    assert outgoing.rows()[300].state == State.QUEUED
    clock.advance(TRUSTED_FOR.total_seconds())
    outgoing.deliver_batch()
    assert outgoing.rows()[300].state == State.ACCEPTED


def test_what_has_no_room_ends_no_bookmark(outgoing: Outgoing, clock: StandingClock) -> None:
    same: dict[str, Any] = {"kind": "test", "subscription_id": outgoing.device(None).id}
    outgoing.fill(300, Lane.BROADCAST, **same)
    while outgoing.dispatcher.take():
        pass
    assert has_no_room(outgoing)
    outgoing.fill(1, Lane.BROADCAST, **same, due_at=clock.moment - timedelta(seconds=5))
    assert [outgoing.deliver_batch() > 0 for _ in range(2)] == [False, True]
    assert not has_no_room(outgoing)
    assert outgoing.rows()[300].state == State.QUEUED


def test_who_came_up_short_has_not_taken_all(outgoing: Outgoing, clock: StandingClock) -> None:
    """Or a row before the bookmark waits for as long as the worker rests, too."""
    first, second = outgoing.device(None), outgoing.device(None, host=GOOGLE)
    flow = outgoing.dispatcher.flow
    outgoing.dispatcher.take()  # who they are
    most = flow.room(SERVICE, Lane.BROADCAST)
    outgoing.fill(most, Lane.BROADCAST, kind="test", subscription_id=first.id)
    assert outgoing.deliver_batch() == most
    assert has_taken_all(outgoing)
    outgoing.fill(1, Lane.BROADCAST, kind="test", subscription_id=second.id, service_id=SERVICE + 1)
    outgoing.fill(1, Lane.BROADCAST, kind="test", subscription_id=first.id, due_at=clock.moment - timedelta(seconds=5))
    assert outgoing.deliver_batch() == 1
    assert not has_taken_all(outgoing)
    assert outgoing.rows()[-1].state == State.QUEUED
    assert outgoing.deliver_batch() == 1
    assert outgoing.rows()[-1].state != State.QUEUED
    assert has_taken_all(outgoing)


def test_what_has_no_room_hides_nothing_of_others(outgoing: Outgoing, clock: StandingClock) -> None:
    """One push service leaves everything unanswered; the claim of the other one comes up short."""
    first, second = outgoing.device(None), outgoing.device(None, host=GOOGLE)
    dispatcher, flow = outgoing.dispatcher, outgoing.dispatcher.flow
    outgoing.fill(300, Lane.BROADCAST, kind="test", subscription_id=second.id, service_id=SERVICE + 1)
    while dispatcher.take():
        pass
    outgoing.fill(flow.room(SERVICE, Lane.BROADCAST), Lane.BROADCAST, kind="test", subscription_id=first.id)
    assert dispatcher.take() > 0
    for ready in iter(flow.next, None):
        if ready.row.service_id == SERVICE:
            flow.answered(ready.row.id, Accepted(201, ""))
    while dispatcher.settle():
        pass
    outgoing.fill(1, Lane.BROADCAST, kind="test", subscription_id=first.id, due_at=clock.moment - timedelta(seconds=5))
    assert dispatcher.take() == 1
    assert has_no_room(outgoing)
