"""Several keys of ours at once: each browser is sent to with the one it was made with, and with no other."""

import pytest
from flask import Flask

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from tests.push.service import PushService
from webpush_app.delivery import alerts
from webpush_app.delivery.models import State
from webpush_app.subscriptions import keyring, rotation
from webpush_app.subscriptions.models import Off

SUSAN = 1
MOST_REFUSED = 50


@pytest.fixture
def old(app: Flask, people: People, outgoing: Outgoing) -> Device:
    """Susan's browser, which subscribed before there was a new key."""
    device = outgoing.device(people("susan"))
    people("john")
    with app.app_context():
        rotation.rotate()
    return device


def write(people: People, outgoing: Outgoing) -> None:
    people.write(2, SUSAN, "hello")
    outgoing.deliver()


def write_to_others(people: People, outgoing: Outgoing, number: int = 3) -> None:
    for count in range(number):
        people.write(2, 3 + count, "hello")
    assert outgoing.deliver() == number


def signed_with(device: Device) -> list[str]:
    return [received.headers["authorization"].partition("k=")[2] for received in device.subscribed.received]


def test_each_browser_is_sent_to_with_its_own_key(app: Flask, people: People, outgoing: Outgoing, old: Device) -> None:
    """The push service verifies: it takes no other."""
    new = outgoing.device(SUSAN)
    write(people, outgoing)
    with app.app_context():
        now, before = [key.public for key in keyring.keys()]  # noqa: SIM118 - a module, not a dict
    assert (signed_with(old), signed_with(new)) == ([before], [now])
    assert outgoing.states() == [State.ACCEPTED, State.ACCEPTED]


def test_a_worker_that_runs_already_takes_up_a_new_key(app: Flask, people: People, outgoing: Outgoing) -> None:
    before = outgoing.device(people("susan"))
    people("john")
    write(people, outgoing)
    with app.app_context():
        rotation.rotate()
    after = outgoing.device(SUSAN)
    write(people, outgoing)
    assert (len(before.subscribed.received), len(after.subscribed.received)) == (2, 1)


def test_an_old_key_that_is_refused_again_turns_its_browser_off_and_says_nothing_about_the_service(
    people: People, outgoing: Outgoing, clock: StandingClock, old: Device
) -> None:
    others = [outgoing.device(people(f"person{number}")) for number in range(3)]
    write_to_others(people, outgoing)
    old.subscribed.answer_with(403)
    write(people, outgoing)
    row = outgoing.rows()[-1]
    assert (row.state, row.attempts) == (State.QUEUED, 1), "it may be the beginning of a refusal to everybody"
    assert outgoing.is_on(old)
    clock.advance_to(row.due_at)
    outgoing.deliver()
    row = outgoing.row_of(old)
    assert (row.state, outgoing.is_on(old)) == (State.QUEUED, True), "nobody was taken since"
    clock.advance(1)
    write_to_others(people, outgoing)
    assert row.due_at is not None
    clock.advance_to(row.due_at)
    outgoing.deliver()
    row = outgoing.row_of(old)
    assert (row.state, row.reason, row.answer_status) == (State.FAILED, "refused_vapid", 403)
    assert outgoing.stored(old).off_because == Off.OLD_KEY
    assert outgoing.stored(old).strikes == 0
    write_to_others(people, outgoing)
    assert all(len(other.subscribed.received) == 3 for other in others)


def test_where_few_are_written_to_a_refusal_to_everybody_turns_nobody_off_either(
    people: People, outgoing: Outgoing, clock: StandingClock
) -> None:
    """What was taken before it began says nothing."""
    devices = [outgoing.device(people(f"person{number}")) for number in range(15)]
    boss = people("boss")
    with outgoing.app.app_context():
        rotation.rotate()
    for number in range(15):
        people.write(boss, number + 1, "hello")
    outgoing.deliver()
    for device in devices:
        device.subscribed.answer_with(403)
    for number in range(15):
        people.write(boss, number + 1, "again")
        for _step in range(12):
            outgoing.deliver()
            clock.advance(10)
    assert all(outgoing.is_on(device) for device in devices)
    assert outgoing.states() == [State.ACCEPTED] * 15 + [State.QUEUED] * 15


@pytest.mark.parametrize("accepted", [0, 5, 40])
def test_a_refusal_to_everybody_turns_nobody_off_who_has_an_old_key(
    people: People, outgoing: Outgoing, clock: StandingClock, service: PushService, accepted: int
) -> None:
    """Most browsers have the older one, in the first weeks after a rotation."""
    devices = [outgoing.device(None) for _ in range(80)]
    with outgoing.app.app_context():
        rotation.rotate()
    for device in devices[accepted:]:
        device.subscribed.answer_with(403)
    outgoing.broadcast(people("boss", is_admin=True))
    before = len(service.received)
    for _step in range(60):
        outgoing.deliver()
        clock.advance(5)
    assert len(service.received) - before - accepted <= MOST_REFUSED
    assert all(outgoing.is_on(device) for device in devices)
    with outgoing.app.app_context():
        assert [alert.kind for alert in alerts.list_open()] == ["our_key"]
    for device in devices:
        device.subscribed.answer_with(201)
    for _step in range(400):
        outgoing.deliver()
        clock.advance(5)
    assert outgoing.states() == [State.ACCEPTED] * 80


def test_what_was_taken_before_the_first_refusal_is_not_in_between(
    people: People, outgoing: Outgoing, clock: StandingClock, old: Device
) -> None:
    """A timeout, then a push of another browser is taken, and then our mistake begins."""
    for number in range(5):
        outgoing.device(people(f"person{number}"))
    old.subscribed.answer_with(503, 403)
    write(people, outgoing)
    clock.advance(1)
    write_to_others(people, outgoing, 5)
    for reason in ("vapid", "vapid"):
        clock.advance_to(outgoing.row_of(old).due_at or clock.moment)
        assert outgoing.deliver() == 1
        assert (outgoing.row_of(old).state, outgoing.row_of(old).reason) == (State.QUEUED, reason)
    assert outgoing.is_on(old)


def test_a_retired_key_is_never_used_and_what_waits_for_it_says_why(
    app: Flask, people: People, outgoing: Outgoing, old: Device
) -> None:
    people.write(2, SUSAN, "hello")
    with app.app_context():
        rotation.retire(keyring.keys()[1].public)
    outgoing.deliver()
    assert old.subscribed.received == []
    assert (outgoing.row().state, outgoing.row().reason) == (State.DROPPED, "browser_old_key")


def test_a_browser_whose_key_nobody_knows_is_not_sent_to(people: People, outgoing: Outgoing, old: Device) -> None:
    outgoing.change_device(old, vapid_public_key="somebody-elses")
    write(people, outgoing)
    assert old.subscribed.received == []
    assert (outgoing.row().state, outgoing.row().reason) == (State.QUEUED, "other_key")
