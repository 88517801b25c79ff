"""Whoever takes is told when half of what it took is on its way: a worker must not wait for its next look meanwhile."""

import pytest

from tests.delivery.outgoing import Outgoing


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
            gate.in_flight = 0
            assert dispatcher.flow.next() is not None
            if dispatcher.room_came.is_set():
                break
    assert dispatcher.room_came.is_set()
