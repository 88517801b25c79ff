"""What may have happened to pushes: browsers that subscribed, messages, broadcasts and tests, by the services that
pages use; and then how each push went, written down as the delivery does it."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from flask import Flask
from sqlalchemy import insert, select, update

from tests.push.browser_keys import BrowserKeys
from tests.push.service import MOZILLA
from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.broadcasts import service as broadcasts
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import begin_write, db
from webpush_app.delivery import outbox, trial
from webpush_app.delivery.models import FINAL, Lane, Push, PushAttempt, State
from webpush_app.delivery.watch_models import PushWorker
from webpush_app.messaging import service as messaging
from webpush_app.protocol.subscription import read_subscription
from webpush_app.subscriptions import service as subscriptions
from webpush_app.subscriptions.keyring import current_key
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.push_services import Pause, PushService
from webpush_app.subscriptions.service import Viewer

Result = TypeVar("Result")

# What no admin may ever see: the text of a message, and what an endpoint is known by.
PRIVATE_TEXT = "canary-in-a-private-text"
ENDPOINT_TOKEN = "canary-in-an-endpoint"

_KEYS = BrowserKeys.make()


class Happenings:
    def __init__(self, app: Flask) -> None:
        self.app = app
        self._numbers = itertools.count(1)

    def browser(self, user_id: int | None = None, *, host: str = MOZILLA, named: str = "Firefox|Linux") -> int:
        endpoint = f"https://{host}/wpush/v2/{ENDPOINT_TOKEN}-{next(self._numbers)}"

        def write() -> int:
            person = None if user_id is None else db.session.get_one(User, user_id)
            row, _is_new = subscriptions.subscribe(
                read_subscription(_KEYS.to_json(endpoint)),
                Viewer(person),
                vapid_public_key=current_key().public,
                browser=named,
                locale="en",
            )
            row.created_at = clock.now()  # the columns' own defaults do not follow the clock of a test
            return row.id

        return self.writing(write)

    def came(self, user_id: int, *, days_ago: float = 0) -> None:
        """When somebody registered."""
        self.change(User, user_id, created_at=clock.now() - timedelta(days=days_ago))

    def message(self, author_id: int, recipient_id: int, text: str = PRIVATE_TEXT) -> int:
        def write() -> int:
            author, recipient = (db.session.get_one(User, user_id) for user_id in (author_id, recipient_id))
            message = messaging.send_message(author, recipient, text)
            message.timestamp = clock.now()
            return message.id

        return self.writing(write)

    def broadcast(self, author_id: int, title: str = "News", *, is_fanned_out: bool = True) -> int:
        """Started, and wholly in the outbox."""

        def write() -> int:
            author = db.session.get_one(User, author_id)
            return broadcasts.start_broadcast(author, title, "Soup at noon", "", "everyone").id

        number = self.writing(write)
        with self.app.app_context():
            while is_fanned_out and broadcasts.fan_out_step():
                pass
        return number

    def test(self, subscription_id: int) -> int:
        """The number of its push."""
        return self.writing(lambda: trial.send_test(subscription_id))

    def pushes(self, kind: str, subject_id: int) -> list[Push]:
        """In the order of their browsers."""
        query = select(Push).where(Push.kind == kind, Push.subject_id == subject_id).order_by(Push.subscription_id)
        return self.reading(lambda: list(db.session.scalars(query)))

    def push(self, push_id: int) -> Push:
        return self.reading(lambda: db.session.get_one(Push, push_id))

    def end(self, push_id: int, state: State, reason: str | None = None, **answer: Any) -> None:
        """As an answer is written down, in the same transaction as its tally."""

        def write() -> None:
            push = db.session.get_one(Push, push_id)
            values = {"attempts": 1, "answer_status": None, "said": None, **answer, "answered_at": clock.now()}
            ended = update(Push).where(Push.id == push_id).values(state=state, reason=reason, due_at=None, **values)
            db.session.execute(ended)
            if push.lane == Lane.BROADCAST and state in FINAL:
                outbox.count(push.kind, push.subject_id, {state: 1})

        self.writing(write)

    def attempt(self, push_id: int, reason: str, *, next_at: datetime | None, **answer: Any) -> None:
        """One that another one follows."""
        values = {"at": clock.now(), "answer_status": None, "said": None, **answer}
        row = insert(PushAttempt).values(push_id=push_id, reason=reason, next_at=next_at, **values)
        self.writing(lambda: db.session.execute(row))
        again = {
            "attempts": 1,
            "answered_at": values["at"],
            "due_at": next_at,
            "reason": reason,
            "said": values["said"],
        }
        self.change(Push, push_id, **again, answer_status=values["answer_status"])

    def pause(self, host: str, because: Pause, seconds: float) -> None:
        number = self.reading(lambda: db.session.scalar(select(PushService.id).where(PushService.host == host)))
        assert number is not None
        until = clock.now() + timedelta(seconds=seconds)
        self.change(PushService, number, paused_until=until, paused_because=because, down_since=clock.now())

    def turn_off(self, subscription_id: int, because: str) -> None:
        self.change_browser(subscription_id, off_at=clock.now(), off_because=because)

    def change_browser(self, subscription_id: int, **values: Any) -> None:
        self.change(PushSubscription, subscription_id, **values)

    def worker_beats(self, *, has_ended: bool = False) -> None:
        ended_at = clock.now() if has_ended else None
        worker = PushWorker(name="this machine 1", seen_at=clock.now(), ended_at=ended_at)
        self.writing(lambda: db.session.add(worker))

    def change(self, model: Any, number: int, **values: Any) -> None:
        self.writing(lambda: db.session.execute(update(model).where(model.id == number).values(**values)))

    def read_tally(self, broadcast_id: int) -> dict[State, int]:
        tally = self.reading(lambda: outbox.read_tally(broadcasts.KIND, broadcast_id))
        return {state: number for state, number in tally.items() if number}

    def progress(self, broadcast_id: int) -> broadcasts.Progress:
        return self.reading(lambda: broadcasts.progress(db.session.get_one(Broadcast, broadcast_id)))

    def reading(self, read: Callable[[], Result]) -> Result:
        with self.app.app_context():
            return read()

    def writing(self, write: Callable[[], Result]) -> Result:
        with self.app.app_context():
            begin_write()
            written = write()
            db.session.commit()
            return written
