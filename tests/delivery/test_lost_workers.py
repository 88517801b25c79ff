"""What a worker had in its hands when it died comes back, a few at a time; and what kills workers is set aside."""

from datetime import timedelta

import pytest

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from webpush_app.delivery import alerts
from webpush_app.delivery.claims import Share, claim_due
from webpush_app.delivery.models import Lane, State
from webpush_app.delivery.taking import SUSPECTS_TOGETHER

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


def test_a_few_are_taken_together_so_that_few_can_be_to_blame_for_what_follows(
    outgoing: Outgoing, clock: StandingClock
) -> None:
    outgoing.fill(2 * SUSPECTS_TOGETHER + 3, kind="test", subscription_id=outgoing.device().id)
    lose(outgoing, clock)
    assert [outgoing.deliver_batch() for _ in range(4)] == [SUSPECTS_TOGETHER, SUSPECTS_TOGETHER, 3, 0]
    assert set(outgoing.states()) == {State.ACCEPTED}


def test_what_two_workers_were_lost_with_is_taken_alone(
    outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    """After a third one it is set aside: so nothing else may be there that could have been the cause."""
    lose(outgoing, clock)
    assert len(lose(outgoing, clock, is_suspect=True)) == BROWSERS
    assert [outgoing.deliver_batch() for _ in devices] == [1] * BROWSERS


def test_what_two_workers_were_lost_with_waits_for_what_only_one_was_lost_with(
    outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    lose(outgoing, clock)
    twice = lose(outgoing, clock, 2, is_suspect=True)
    for push_id in twice:
        outgoing.change(push_id, due_at=clock.moment - timedelta(hours=1))
    with outgoing.app.app_context():
        others = [row.id for row in claim_due([Share(1, Lane.PERSONAL, 2, is_suspect=True)]).rows]
    assert len(others) == 2
    assert not set(others) & set(twice)
    assert outgoing.deliver_batch() == BROWSERS - 4
    assert [outgoing.deliver_batch() for _ in twice] == [1, 1]


def test_what_is_new_does_not_wait_for_it(
    people: People, outgoing: Outgoing, clock: StandingClock, devices: list[Device]
) -> None:
    lose(outgoing, clock)
    lose(outgoing, clock, is_suspect=True)
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
