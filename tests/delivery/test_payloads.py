"""What the browser reads when it has decrypted a push: asked for when it is sent, in the reader's language."""

import itertools
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale, gettext
from sqlalchemy import select, update

from tests.delivery.conftest import CONTACT
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from tests.statements import listening
from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db
from webpush_app.delivery import trial
from webpush_app.delivery.claims import Share, claim_due
from webpush_app.delivery.models import Lane
from webpush_app.delivery.preparing import prepare
from webpush_app.delivery.signers import Signers
from webpush_app.messaging.models import Message
from webpush_app.subscriptions.keyring import current_key

LARGEST_PAYLOAD = 2499


def send_test(outgoing: Outgoing, device: Device) -> None:
    with outgoing.app.app_context():
        begin_write()
        trial.send_test(device.id)
        db.session.commit()


def test_a_private_message_says_who_writes_and_what_and_leads_to_the_conversation(
    people: People, outgoing: Outgoing
) -> None:
    device = outgoing.device(people("susan"))
    people.write(people("John.D-oe_1"), 1, "Dinner at eight? 저녁 🍲 <b>&amp;")
    outgoing.deliver()
    [received] = device.subscribed.received
    with outgoing.app.app_context():
        sent_at = db.session.scalars(select(Message.timestamp)).one()
    assert _without_inbox(received.json()) == {
        "title": "John.D-oe_1",
        "body": "Dinner at eight? 저녁 🍲 <b>&amp;",
        "url": "/messages/with/John.D-oe_1",
        "tag": "message-1",
        "timestamp": (sent_at - clock.EPOCH) // timedelta(milliseconds=1),
    }


@pytest.mark.parametrize("character", ["a", "저", "\n", "🍲"])
def test_a_message_of_two_thousand_characters_is_cut(people: People, outgoing: Outgoing, character: str) -> None:
    device = outgoing.device(people("susan"))
    people.write(people("john"), 1, character * 2000 + "end")
    outgoing.deliver()
    [received] = device.subscribed.received
    assert len(received.text.encode()) <= LARGEST_PAYLOAD
    body = received.json()["body"]
    if character == "a":
        assert body == "a" * 2000 + "end", "it fits as it is"
    else:
        assert body.endswith("…")
        assert body.startswith(character * 500 if character.strip() else "…")
        assert (received.json()["title"], received.json()["tag"]) == ("john", "message-1")


def test_each_message_has_a_tag_of_its_own(people: People, outgoing: Outgoing) -> None:
    device = outgoing.device(people("susan"))
    people.write(people("john"), 1, "first", "second")
    outgoing.deliver()
    pushes = [received.json() for received in device.subscribed.received]
    assert {(push["body"], push["tag"]) for push in pushes} == {("first", "message-1"), ("second", "message-2")}


@pytest.mark.parametrize(
    ("chosen", "browsers", "expected"), [("es", "en", "es"), (None, "es", "es"), ("en", "es", "en"), (None, "ko", "ko")]
)
def test_a_test_push_speaks_the_language_of_the_person_or_else_of_the_browser(
    people: People, outgoing: Outgoing, chosen: str | None, browsers: str, expected: str
) -> None:
    susan = people("susan")
    outgoing.execute(update(User).values(locale=chosen))
    device = outgoing.device(susan, locale=browsers)
    send_test(outgoing, device)
    outgoing.deliver()
    [received] = device.subscribed.received
    with outgoing.app.test_request_context(), force_locale(expected):
        title = gettext("It works")
        body = gettext("Notifications from %(site)s reach this browser.", site="Webpush")
    expected_fields = {"title": title, "body": body, "url": "/", "tag": "test", "lang": expected}
    assert _without_inbox(received.json()) == expected_fields


def test_several_languages_in_one_batch_do_not_mix(outgoing: Outgoing) -> None:
    devices = {locale: outgoing.device(None, locale=locale) for locale in ("en", "es", "ko", "zh")}
    for device in devices.values():
        send_test(outgoing, device)
    assert outgoing.deliver_batch() == len(devices)
    for locale, device in devices.items():
        assert [received.json()["lang"] for received in device.subscribed.received] == [locale]


def test_a_broadcast_is_sent_as_it_was_written(people: People, outgoing: Outgoing) -> None:
    device = outgoing.device(None)
    outgoing.broadcast(people("boss", is_admin=True), "Back at one")
    outgoing.deliver()
    pushed = device.subscribed.received[0].json()
    assert (pushed["title"], pushed["body"], pushed["url"]) == ("News", "Back at one", "/")
    assert pushed["tag"] == "broadcast-1"


def test_a_batch_is_composed_by_as_many_statements_as_a_single_push(
    app: Flask, people: People, outgoing: Outgoing
) -> None:
    john, *others = (people(f"person{number}") for number in range(21))
    for person in others:
        outgoing.device(person)
    counts = []
    for recipients in (others[:1], others):
        for person in recipients:
            people.write(john, person, "hello")
        with app.app_context():
            claim = claim_due([Share(1, Lane.PERSONAL, 20)])
            with listening(db.engine) as statements:
                ready, settled, returned = prepare(claim, Signers([current_key()], CONTACT))
            assert (len(ready), settled, returned) == (len(recipients), [], [])
            counts.append(len(statements))
    assert counts == [5, 5]


def test_what_is_sent_is_the_text_as_it_is_then(people: People, outgoing: Outgoing) -> None:
    """The outbox holds none: what was corrected meanwhile goes out corrected."""
    device = outgoing.device(people("susan"))
    people.write(people("john"), 1, "frist")
    outgoing.execute(update(Message).values(body="first"))
    outgoing.execute(update(User).where(User.username == "john").values(username="johnny"))
    outgoing.deliver()
    pushed = device.subscribed.received[0].json()
    assert (pushed["title"], pushed["body"], pushed["url"]) == ("johnny", "first", "/messages/with/johnny")


def test_pushes_of_one_kind_do_not_get_each_others_texts(people: People, outgoing: Outgoing) -> None:
    names = ("susan", "david", "maria")
    ids = [people(name) for name in names]
    devices = [outgoing.device(number) for number in ids]
    for author, recipient in itertools.permutations(range(3), 2):
        people.write(ids[author], ids[recipient], f"{names[author]} to {names[recipient]}")
    outgoing.deliver()
    for recipient, device in enumerate(devices):
        pushes = {(push.json()["title"], push.json()["body"]) for push in device.subscribed.received}
        assert pushes == {
            (names[author], f"{names[author]} to {names[recipient]}") for author in range(3) if author != recipient
        }


def _without_inbox(push: dict[str, Any]) -> dict[str, Any]:
    """See test_companions.py for the rest."""
    return {name: value for name, value in push.items() if name not in {"item", "inbox"}}
