"""A push that hangs holds up no other: they are sent and written down all the same. With the worker's threads."""

import time

from tests.delivery.outgoing import Outgoing
from tests.engine.conftest import DEADLINE_SECONDS
from tests.engine.processes import wait_until
from tests.engine.running_loop import RunLoop
from tests.people import People
from tests.push.listener import Odd, Reply
from tests.push.service import GOOGLE
from webpush_app.delivery.models import State

IN_BETWEEN_SECONDS = DEADLINE_SECONDS * 0.75
OTHERS = 12


def test_the_others_are_settled_while_one_hangs(people: People, outgoing: Outgoing, run_loop: RunLoop) -> None:
    john, *others = (people(f"person{number}") for number in range(OTHERS + 2))
    devices = [outgoing.device(person) for person in others]
    devices[0].subscribed.answer_with(Odd.HANG)
    for person in others:
        people.write(john, person, "hello")
    run_loop()
    wait_until(lambda: outgoing.states().count(State.ACCEPTED) == len(others) - 1, IN_BETWEEN_SECONDS)
    assert outgoing.rows()[0].state == State.SENDING
    wait_until(lambda: outgoing.rows()[0].state == State.QUEUED, 20)
    hung = outgoing.rows()[0]
    assert (hung.state, hung.reason, hung.answer_status, hung.attempts) == (State.QUEUED, "unknown", None, 1)
    assert hung.said
    assert outgoing.is_on(devices[0])


def test_a_service_that_hangs_holds_up_no_other_service(people: People, outgoing: Outgoing, run_loop: RunLoop) -> None:
    boss = people("boss", is_admin=True)
    for _ in range(3 * OTHERS):
        outgoing.device(None, host=GOOGLE).subscribed.answer_with(Odd.HANG)
    others = [outgoing.device(None).subscribed for _ in range(OTHERS)]
    outgoing.broadcast(boss)
    run_loop()
    wait_until(lambda: all(one.received for one in others), IN_BETWEEN_SECONDS)


def test_nobody_who_writes_waits_for_a_push_service(people: People, outgoing: Outgoing, run_loop: RunLoop) -> None:
    """No transaction is open while pushes are under way."""
    device = outgoing.device(people("susan"))
    device.subscribed.answer_with(Reply(201, after_seconds=1.8))
    people.write(people("john"), 1, "first")
    run_loop()
    device.subscribed.wait_for(1)
    began = time.monotonic()
    people.write(2, 1, "second")
    assert time.monotonic() - began < 1.5
    wait_until(lambda: outgoing.states() == [State.ACCEPTED, State.ACCEPTED], 20)
