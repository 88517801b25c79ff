"""A browser is proven by a push that was accepted for it. Until then its own word alone names its key."""

from datetime import datetime

from flask import Flask

from tests.accounts.conftest import Hands
from tests.people import Browser
from tests.subscriptions.devices import Device, change, sent_to, stored, subscribe
from webpush_app.database import begin_write, db
from webpush_app.subscriptions import standing


def prove(app: Flask, number: int, claimed_at: datetime) -> bool:
    with app.app_context():
        begin_write()
        standing.prove(sent_to(app, number), claimed_at)
        db.session.commit()
    return stored(app, number).proven_at is not None


def test_a_browser_is_proven_by_the_first_push_that_is_accepted(app: Flask, susan: Browser, hands: Hands) -> None:
    number, other = subscribe(susan.client), subscribe(susan.client)
    assert prove(app, number, hands.now())
    first = stored(app, number).proven_at
    hands.move(seconds=60)
    assert prove(app, number, hands.now())
    assert stored(app, number).proven_at == first
    assert stored(app, other).proven_at is None


def test_what_was_accepted_before_it_posted_again_proves_nothing(app: Flask, susan: Browser, hands: Hands) -> None:
    device, before = Device(), hands.now()
    number = subscribe(susan.client, device)
    hands.move(seconds=1)
    subscribe(susan.client, device)
    assert not prove(app, number, before)


def test_the_same_posted_again_stays_proven_and_another_key_does_not(app: Flask, susan: Browser, hands: Hands) -> None:
    device = Device()
    number = subscribe(susan.client, device)
    assert prove(app, number, hands.now())
    subscribe(susan.client, device)
    assert stored(app, number).proven_at is not None
    change(app, number, vapid_public_key="another")
    subscribe(susan.client, device)
    assert stored(app, number).proven_at is None
