"""The site as broadcasts see it: browsers that are subscribed, and what the worker does, a step at a time."""

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import delete, select, update

from tests.push.browser_keys import BrowserKeys
from tests.push.service import MOZILLA
from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.broadcasts import service
from webpush_app.broadcasts.models import Broadcast
from webpush_app.broadcasts.service import Progress
from webpush_app.database import begin_write, db
from webpush_app.delivery import outbox
from webpush_app.delivery.models import Push, State
from webpush_app.protocol.subscription import Subscription, read_subscription
from webpush_app.subscriptions import keyring
from webpush_app.subscriptions.models import Off, PushSubscription
from webpush_app.subscriptions.service import Viewer, subscribe

Result = TypeVar("Result")

MOST_STEPS = 1000

# One pair of keys for all browsers that are never sent anything.
_KEYS = BrowserKeys.make()


class Site:
    def __init__(self, app: Flask, author_id: int) -> None:
        self.app = app
        self.author_id = author_id
        self._numbers = itertools.count(1)

    def browser(self, user_id: int | None = None, *, locale: str = "en", given: Any = None) -> int:
        """A browser subscribes; its number. Without what it gave, one that nobody will send anything to."""
        endpoint = f"https://{MOZILLA}/wpush/v2/made-up-{next(self._numbers)}"
        subscription: Subscription = read_subscription(given or _KEYS.to_json(endpoint))

        def write() -> int:
            person = None if user_id is None else db.session.get_one(User, user_id)
            key = keyring.current_key().public
            row, _is_new = subscribe(subscription, Viewer(person), vapid_public_key=key, browser="", locale=locale)
            return row.id

        return self.writing(write)

    def browsers(self, number: int) -> list[int]:
        return [self.browser() for _number in range(number)]

    def turn_off(self, *browsers: int) -> None:
        off = {"off_at": clock.now(), "off_because": Off.SIGNED_OUT}
        which = PushSubscription.id.in_(browsers)
        self.writing(lambda: db.session.execute(update(PushSubscription).where(which).values(off)))

    def remove(self, *browsers: int) -> None:
        self.writing(lambda: db.session.execute(delete(PushSubscription).where(PushSubscription.id.in_(browsers))))

    def start(self, audience: str = "everyone", *, title: str = "News", body: str = "", link: str = "") -> int:
        """A broadcast of the admin's; its number."""

        def write() -> int:
            return service.start_broadcast(db.session.get_one(User, self.author_id), title, body, link, audience).id

        return self.writing(write)

    def step(self) -> bool:
        with self.app.app_context():
            return service.fan_out_step()

    def fan_out(self) -> int:
        """Until there is nothing left to do; how many steps it took."""
        for steps in range(MOST_STEPS):
            if not self.step():
                return steps
        raise AssertionError("it never ends")

    def row(self, broadcast_id: int) -> Broadcast:
        return self.reading(lambda: db.session.get_one(Broadcast, broadcast_id))

    def progress(self, broadcast_id: int) -> Progress:
        return self.reading(lambda: service.progress(db.session.get_one(Broadcast, broadcast_id)))

    def pushes(self, broadcast_id: int) -> Sequence[Push]:
        """Its rows in the outbox, in the order in which they were put there."""
        query = select(Push).where(Push.kind == service.KIND, Push.subject_id == broadcast_id).order_by(Push.id)
        return self.reading(lambda: db.session.scalars(query).all())

    def reached(self, broadcast_id: int) -> list[int]:
        return [push.subscription_id for push in self.pushes(broadcast_id)]

    def states(self, broadcast_id: int) -> Counter[State]:
        """Counted in the outbox itself, row by row."""
        return Counter(State(push.state) for push in self.pushes(broadcast_id))

    def tally(self, broadcast_id: int) -> dict[State, int]:
        return self.reading(lambda: outbox.read_tally(service.KIND, broadcast_id))

    def reading(self, read: Callable[[], Result]) -> Result:
        with self.app.app_context():
            return read()

    def writing(self, write: Callable[[], Result]) -> Result:
        with self.app.app_context():
            begin_write()
            written = write()
            db.session.commit()
            return written
