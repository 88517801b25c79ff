"""What a worker had in its hands when it died comes back by itself, one by one; and what kills workers is set aside."""

import pytest

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from webpush_app.delivery import alerts
from webpush_app.delivery.claims import Share, claim_due
from webpush_app.delivery.models import Lane, State

LEASE_SECONDS = 60
SUSAN, JOHN = 1, 2
BROWSERS = 5


@pytest.fixture
def devices(people: People, outgoing: Outgoing) -> list[Device]:
    """Susan's, and a message to her."""
    people("susan")
    people("john")
    made = [outgoing.device(SUSAN) for _ in range(BROWSERS)]
    people.write(JOHN, SUSAN, "hello")
    return made


def lose(outgoing: Outgoing, clock: StandingClock, most: int = 100, *, is_suspect: bool = False) -> list[int]:
    """A worker takes so many, and is never heard of again."""
    with outgoing.app.app_context():
        taken = claim_due([Share(1, Lane.PERSONAL, most, is_suspect)])
    clock.advance(LEASE_SECONDS)
    return [row.id for row in taken.rows]


def test_what_was_lost_is_sent_when_the_lease_has_ended(
    outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    assert len(lose(outgoing, clock)) == BROWSERS
    assert outgoing.deliver() == BROWSERS
    assert outgoing.states() == [State.ACCEPTED] * BROWSERS
    assert [len(device.subscribed.received) for device in devices] == [1] * BROWSERS
    assert {(row.attempts, row.crashes) for row in outgoing.rows()} == {(2, 0)}


def test_it_is_taken_one_by_one_so_that_only_one_can_be_to_blame_for_what_follows(
    outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    lose(outgoing, clock)
    assert [outgoing.deliver_batch() for _ in devices] == [1] * BROWSERS


def test_what_is_new_does_not_wait_for_it(
    people: People, outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    lose(outgoing, clock)
    with outgoing.app.app_context():
        assert outgoing.dispatcher.take() == 1
    people.write(JOHN, SUSAN, "and this is new")
    with outgoing.app.app_context():
        assert outgoing.dispatcher.take() == BROWSERS, "the others, for one that is suspect is here already"


def test_what_three_workers_died_of_is_set_aside_and_an_operator_is_told(
    people: People, outgoing: Outgoing, clock: StandingClock
) -> None:
    device = outgoing.device(people("susan"))
    people.write(people("john"), SUSAN, "deadly")
    assert lose(outgoing, clock) == [1]
    for _ in range(2):
        assert lose(outgoing, clock, is_suspect=True) == [1]
    assert outgoing.deliver() == 1
    row = outgoing.row()
    assert (row.state, row.reason, row.due_at) == (State.FAILED, "crashed_the_worker", None)
    assert device.subscribed.received == []
    assert outgoing.is_on(device)
    with outgoing.app.app_context():
        assert [(alert.kind, alert.said) for alert in alerts.list_open()] == [("crashes", "push 1")]


def test_two_deaths_are_not_enough(people: People, outgoing: Outgoing, clock: StandingClock) -> None:
    device = outgoing.device(people("susan"))
    people.write(people("john"), SUSAN, "unlucky")
    lose(outgoing, clock)
    lose(outgoing, clock, is_suspect=True)
    outgoing.deliver()
    assert outgoing.states() == [State.ACCEPTED]
    assert len(device.subscribed.received) == 1
