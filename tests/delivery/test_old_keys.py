"""Several keys of ours at once: each browser is sent to with the one it was made with, and with no other."""

import pytest
from flask import Flask

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from webpush_app.delivery.models import State
from webpush_app.subscriptions import keyring, rotation
from webpush_app.subscriptions.models import Off

SUSAN = 1


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


def test_an_old_key_that_is_refused_turns_its_browser_off_and_says_nothing_about_the_service(
    people: People, outgoing: Outgoing, clock: StandingClock, old: Device
) -> None:
    others = [outgoing.device(people(f"person{number}")) for number in range(3)]
    old.subscribed.answer_with(403)
    write(people, outgoing)
    row = outgoing.row()
    assert (row.state, row.reason, row.answer_status) == (State.FAILED, "refused_vapid", 403)
    assert outgoing.stored(old).off_because == Off.OLD_KEY
    assert outgoing.stored(old).strikes == 0
    for number in range(3):
        people.write(2, 3 + number, "hello")
    assert outgoing.deliver() == 3
    assert all(len(other.subscribed.received) == 1 for other in others)


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
    assert (outgoing.row().state, outgoing.row().reason) == (State.DROPPED, "other_key")
