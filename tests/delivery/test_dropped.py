"""What is not sent any more when its turn comes: the row says why, and no push service hears of it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, update

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import ORIGIN, Device, Outgoing
from tests.people import Browser, People
from webpush_app.broadcasts.models import Broadcast
from webpush_app.clock import now
from webpush_app.database import busy
from webpush_app.delivery.models import Push, State
from webpush_app.errors import DatabaseBusy
from webpush_app.messaging.models import Message
from webpush_app.subscriptions.models import Off, PushSubscription

TEXT = "Dinner at eight?"
Happening = Callable[[Outgoing, Device], object]


def remove_the_browser(outgoing: Outgoing, device: Device) -> None:
    outgoing.execute(delete(PushSubscription).where(PushSubscription.id == device.id))


def turn_off(because: Off) -> Happening:
    return lambda outgoing, device: outgoing.change_device(device, off_at=now(), off_because=because)


def give_to_somebody_else(outgoing: Outgoing, device: Device) -> None:
    """The same browser, in which another person has signed in."""
    outgoing.post(device.subscribed, People(outgoing.app, "")("david"))


def give_to_nobody(outgoing: Outgoing, device: Device) -> None:
    outgoing.post(device.subscribed, None)


def read_the_message(outgoing: Outgoing, _device: Device) -> None:
    outgoing.execute(update(Message).values(read_at=now()))


def delete_the_message(outgoing: Outgoing, _device: Device) -> None:
    outgoing.execute(delete(Message))


def let_it_expire(outgoing: Outgoing, _device: Device) -> None:
    outgoing.execute(update(Push).values(expires_at=now() - timedelta(seconds=1)))


@pytest.mark.parametrize(
    ("happening", "state", "reason"),
    [
        (remove_the_browser, State.DROPPED, "browser_removed"),
        (turn_off(Off.GONE), State.DROPPED, "browser_gone"),
        (turn_off(Off.SIGNED_OUT), State.DROPPED, "browser_signed_out"),
        (turn_off(Off.UNUSABLE), State.DROPPED, "browser_unusable"),
        (give_to_somebody_else, State.DROPPED, "somebody_elses"),
        (give_to_nobody, State.DROPPED, "somebody_elses"),
        (read_the_message, State.DROPPED, "read_already"),
        (delete_the_message, State.DROPPED, "withdrawn"),
        (let_it_expire, State.EXPIRED, "expired"),
    ],
)
def test_what_is_not_wanted_any_more_is_dropped_and_says_why(
    people: People, outgoing: Outgoing, happening: Happening, state: State, reason: str
) -> None:
    device = outgoing.device(people("susan"))
    people.write(people("john"), 1, TEXT)
    happening(outgoing, device)
    assert outgoing.deliver() == 1
    row = outgoing.row()
    assert (row.state, row.reason, row.due_at, row.lease_token) == (state, reason, None, None)
    assert (row.attempts, row.answer_status) == (0, None), "nobody was asked"
    assert device.subscribed.received == []
    assert outgoing.deliver() == 0


def test_who_signs_out_of_a_browser_gets_nothing_more_there(outgoing: Outgoing, susan: Browser, john: Browser) -> None:
    subscribed = outgoing.service.subscribe(None)
    answer = susan.client.post("/api/push-subscriptions", json=subscribed.to_json(), headers=ORIGIN)
    assert answer.status_code == 201
    elsewhere = outgoing.device(susan.user_id)
    john.send("susan", TEXT)
    susan.submit("/logout", form_at="/edit_profile")
    assert outgoing.deliver() == 2
    assert [(row.state, row.reason) for row in outgoing.rows()] == [
        (State.DROPPED, "browser_signed_out"),
        (State.ACCEPTED, None),
    ]
    assert (len(subscribed.received), len(elsewhere.subscribed.received)) == (0, 1)
    john.send("susan", TEXT)
    assert outgoing.deliver() == 1


def test_a_message_that_is_read_between_two_attempts_is_not_sent_again(
    outgoing: Outgoing, susan: Browser, john: Browser
) -> None:
    device = outgoing.device(susan.user_id)
    device.subscribed.answer_with(500)
    john.send("susan", TEXT)
    outgoing.deliver()
    assert susan.get("/messages").status_code == 200
    outgoing.change(1, due_at=now())
    outgoing.deliver()
    row = outgoing.row()
    assert (row.state, row.reason, row.attempts) == (State.DROPPED, "read_already", 1)
    assert len(device.subscribed.received) == 1


def test_the_others_of_the_batch_are_sent(people: People, outgoing: Outgoing) -> None:
    first, second = outgoing.device(people("susan")), outgoing.device(1)
    people.write(people("john"), 1, TEXT)
    remove_the_browser(outgoing, first)
    assert outgoing.deliver() == 2
    assert outgoing.states() == [State.DROPPED, State.ACCEPTED]
    assert len(second.subscribed.received) == 1


def test_a_broadcast_goes_to_whoever_sits_there_by_then(people: People, outgoing: Outgoing) -> None:
    device = outgoing.device(people("susan"))
    outgoing.broadcast(people("boss", is_admin=True))
    outgoing.post(device.subscribed, people("john"))
    outgoing.deliver()
    assert outgoing.states() == [State.ACCEPTED]


def test_a_broadcast_that_was_deleted_is_withdrawn(people: People, outgoing: Outgoing) -> None:
    device = outgoing.device(None)
    outgoing.broadcast(people("boss", is_admin=True))
    outgoing.execute(delete(Broadcast))
    outgoing.deliver()
    assert (outgoing.row().state, outgoing.row().reason) == (State.DROPPED, "withdrawn")
    assert device.subscribed.received == []


def test_a_row_that_cannot_be_composed_does_not_keep_the_others_from_being_sent(
    people: People, outgoing: Outgoing, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    """As after a step back to an older version, which does not know that kind of push."""
    device = outgoing.device(people("susan"))
    outgoing.fill(1, kind="unknown", subscription_id=device.id, recipient_id=1)
    people.write(people("john"), 1, TEXT)
    outgoing.deliver()
    assert [received.json()["body"] for received in device.subscribed.received] == [TEXT]
    unknown, sent = outgoing.rows()
    assert (unknown.state, unknown.reason, sent.state) == (State.QUEUED, "not_composed", State.ACCEPTED)
    assert "texts_not_made kind=unknown number=1" in caplog.text
    clock.advance(24 * 3600)
    outgoing.deliver()
    assert outgoing.rows()[0].state == State.EXPIRED


def test_a_broadcast_that_was_read_meanwhile_rings_no_more_but_for_strangers(
    outgoing: Outgoing, susan: Browser, people: People
) -> None:
    hers, a_strangers = outgoing.device(susan.user_id), outgoing.device(None)
    outgoing.broadcast(people("boss", is_admin=True))
    susan.submit("/inbox/read", form_at="/inbox")
    outgoing.deliver()
    assert [(row.state, row.reason) for row in outgoing.rows()] == [
        (State.DROPPED, "read_already"),
        (State.ACCEPTED, None),
    ]
    assert (len(hers.subscribed.received), len(a_strangers.subscribed.received)) == (0, 1)


def test_a_database_that_is_away_while_texts_are_made_costs_no_attempt(
    app: Flask, outgoing: Outgoing, people: People
) -> None:
    device = outgoing.device(people("susan"))
    people.write(people("john"), 1, TEXT)
    composers = app.extensions["push_composers"]
    compose = composers["message"]

    def fail(_jobs: object) -> None:
        composers["message"] = compose
        raise busy.nothing_saved()

    composers["message"] = fail
    with pytest.raises(DatabaseBusy):
        outgoing.deliver()
    assert (outgoing.row().state, outgoing.row().reason, outgoing.row().attempts) == (State.QUEUED, None, 0)
    outgoing.deliver()
    assert [received.json()["body"] for received in device.subscribed.received] == [TEXT]
