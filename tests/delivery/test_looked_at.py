"""What somebody is looking at does not ring: a push about it waits for a moment, and is dropped when it was read."""

from collections.abc import Callable

import pytest

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import ORIGIN, Device, Outgoing
from tests.people import Browser
from webpush_app.delivery.models import Push, State
from webpush_app.messaging.composing import LOOKED_FOR_AGAIN
from webpush_app.notifications.presence import LASTS

TEXT = "Dinner at eight?"
A_PAGES_TIME = 10 + 10  # it may only ask every ten seconds, and needs a little itself


@pytest.fixture
def devices(outgoing: Outgoing, clock: StandingClock, susan: Browser) -> tuple[Device, Device]:
    """The browser she sits at, and a telephone."""
    return outgoing.device(susan.user_id), outgoing.device(susan.user_id)


def look_at(susan: Browser, user_id: int, *, is_looking: bool = True) -> None:
    said = {"place": f"conversation:{user_id}", "is_looking": is_looking}
    assert susan.client.post("/api/presence", json=said, headers=ORIGIN).status_code == 200


def received(devices: tuple[Device, Device]) -> list[int]:
    return [len(device.subscribed.received) for device in devices]


def test_no_push_goes_out_for_what_is_looked_at_and_read(
    outgoing: Outgoing, clock: StandingClock, devices: tuple[Device, Device], susan: Browser, john: Browser
) -> None:
    look_at(susan, john.user_id)
    john.send("susan", TEXT)
    outgoing.deliver()
    rows = outgoing.rows()
    assert [(row.state, row.attempts, row.reason) for row in rows] == [(State.QUEUED, 0, None)] * 2
    assert [row.due_at for row in rows] == [clock.moment + LOOKED_FOR_AGAIN] * 2
    susan.get("/messages/with/john")
    clock.advance(LOOKED_FOR_AGAIN.total_seconds())
    outgoing.deliver()
    assert [(row.state, row.reason) for row in outgoing.rows()] == [(State.DROPPED, "read_already")] * 2
    assert received(devices) == [0, 0]


def test_a_page_that_does_not_read_it_cannot_hold_it_back_for_longer_than_a_page_needs(
    outgoing: Outgoing, clock: StandingClock, devices: tuple[Device, Device], susan: Browser, john: Browser
) -> None:
    john.send("susan", TEXT)
    waited = 0.0
    while True:
        look_at(susan, john.user_id)
        outgoing.deliver()
        if received(devices) != [0, 0]:
            break
        clock.advance(LOOKED_FOR_AGAIN.total_seconds())
        waited += LOOKED_FOR_AGAIN.total_seconds()
        assert waited <= A_PAGES_TIME + LOOKED_FOR_AGAIN.total_seconds()
    assert waited >= A_PAGES_TIME
    assert [(row.state, row.attempts) for row in outgoing.rows()] == [(State.ACCEPTED, 1)] * 2


def test_a_machine_that_went_to_sleep_looks_at_nothing_after_a_while(
    outgoing: Outgoing, clock: StandingClock, devices: tuple[Device, Device], susan: Browser, john: Browser
) -> None:
    look_at(susan, john.user_id)
    clock.advance(LASTS.total_seconds())
    john.send("susan", TEXT)
    outgoing.deliver()
    assert received(devices) == [1, 1]


def _taken_back(susan: Browser, john: Browser) -> None:
    look_at(susan, john.user_id)
    look_at(susan, john.user_id, is_looking=False)


def _another_conversation(susan: Browser, john: Browser) -> None:
    look_at(susan, john.user_id + 1000)


def _by_john_himself(_susan: Browser, john: Browser) -> None:
    look_at(john, john.user_id)


@pytest.mark.parametrize("happening", [_taken_back, _another_conversation, _by_john_himself])
def test_what_is_not_looked_at_rings_at_once(
    outgoing: Outgoing,
    devices: tuple[Device, Device],
    susan: Browser,
    john: Browser,
    happening: Callable[[Browser, Browser], None],
) -> None:
    happening(susan, john)
    john.send("susan", TEXT)
    outgoing.deliver()
    assert received(devices) == [1, 1]


def test_who_has_signed_out_there_is_not_looking_any_more(
    outgoing: Outgoing, clock: StandingClock, susan: Browser, john: Browser
) -> None:
    telephone = outgoing.device(susan.user_id)
    look_at(susan, john.user_id)
    susan.submit("/logout", form_at="/edit_profile")
    john.send("susan", TEXT)
    outgoing.deliver()
    assert len(telephone.subscribed.received) == 1


def test_the_other_pushes_of_the_round_are_sent(
    outgoing: Outgoing, clock: StandingClock, devices: tuple[Device, Device], susan: Browser, john: Browser
) -> None:
    look_at(susan, john.user_id)
    john.send("susan", TEXT)
    susan.send("john", TEXT)
    his = outgoing.device(john.user_id)
    susan.send("john", "and another")
    outgoing.deliver()
    assert received(devices) == [0, 0]
    assert len(his.subscribed.received) == 1
    waiting: list[Push] = [row for row in outgoing.rows() if row.state == State.QUEUED]
    assert len(waiting) == 2
