"""A push service asked for patience with one browser: every worker has it, also one that was not there."""

import pytest
from flask import Flask

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Outgoing
from tests.people import People
from tests.push.listener import Reply
from tests.push.service import PushService
from webpush_app.delivery.models import State
from webpush_app.protocol.transport import Transport

SECONDS = 900
SUSAN, JOHN = 1, 2


@pytest.fixture
def another(app: Flask, service: PushService, transport: Transport) -> Outgoing:
    return Outgoing(app, service, transport)


def test_a_worker_that_did_not_hear_it_waits_as_well(
    people: People, outgoing: Outgoing, another: Outgoing, clock: StandingClock
) -> None:
    device = outgoing.device(people("susan"))
    device.subscribed.answer_with(Reply(429, {"Retry-After": str(SECONDS)}), 201)
    people.write(people("john"), SUSAN, "first")
    outgoing.deliver()
    people.write(JOHN, SUSAN, "second")
    for seconds in (0, SECONDS / 2, SECONDS / 2 - 1):
        clock.advance(seconds)
        another.deliver()
        assert len(device.subscribed.received) == 1
    clock.advance(1)
    another.deliver()
    assert outgoing.states() == [State.ACCEPTED] * 2
    assert len(device.subscribed.received) == 3
