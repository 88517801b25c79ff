"""Browsers that are on, at the tests' push service: written by the product's own code, and not one request each."""

from flask import Flask

from tests.push.service import PushService, Subscribed
from webpush_app.accounts.service import get_user
from webpush_app.database import begin_write, db
from webpush_app.protocol.subscription import read_subscription
from webpush_app.subscriptions import keyring
from webpush_app.subscriptions import service as subscriptions
from webpush_app.subscriptions.service import Viewer


def subscribe(app: Flask, service: PushService, count: int, owner: str | None = None) -> list[Subscribed]:
    with app.app_context():
        key = keyring.current_key().public
        made = [service.subscribe(key) for _ in range(count)]
        begin_write()
        viewer = Viewer(get_user(owner) if owner else None)
        for browser in made:
            given = read_subscription(browser.to_json())
            subscriptions.subscribe(given, viewer, vapid_public_key=key, browser="Firefox|Linux", locale="en")
        db.session.commit()
        db.engine.dispose()
    return made
