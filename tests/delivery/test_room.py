"""Whoever takes is told when half of what it took is on its way: a worker must not wait for its next look meanwhile."""

import pytest

from tests.delivery.outgoing import Outgoing
from tests.people import People
from webpush_app.delivery.models import State


@pytest.mark.parametrize("window", [1, 7, 8])
def test_room_is_told_of_whatever_number_may_be_under_way(outgoing: Outgoing, window: int) -> None:
    outgoing.fill(50, kind="test", subscription_id=outgoing.device(None).id)
    dispatcher = outgoing.dispatcher
    with outgoing.app.app_context():
        dispatcher.take()
        dispatcher.send(until_empty=True)
        while dispatcher.settle():
            pass
        gate = dispatcher.flow._gates[1]
        gate.window = window
        taken = dispatcher.take()
        dispatcher.room_came.clear()
        for _ in range(taken):
            dispatcher.flow.broke_off()
            assert dispatcher.flow.next() is not None
            if dispatcher.room_came.is_set():
                break
    assert dispatcher.room_came.is_set()


def test_a_message_is_taken_before_the_broadcast_that_is_due_longer(people: People, outgoing: Outgoing) -> None:
    outgoing.device(people("susan"))
    outgoing.broadcast(people("boss", is_admin=True))
    people.write(people("john"), 1, "hello")
    with outgoing.app.app_context():
        assert outgoing.dispatcher.take() == 1
    assert [(row.kind, row.state) for row in outgoing.rows()] == [
        ("broadcast", State.QUEUED),
        ("message", State.SENDING),
    ]
