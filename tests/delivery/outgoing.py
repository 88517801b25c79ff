"""The sending side for tests: browsers that subscribed at the tests' push service, the outbox, and the real dispatcher
that carries its rows there."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import insert, select, update

from tests.push.service import MOZILLA, PushService, Subscribed
from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.broadcasts import service as broadcasts
from webpush_app.database import begin_write, db
from webpush_app.delivery import outbox
from webpush_app.delivery.dispatcher import Dispatcher
from webpush_app.delivery.models import Lane, Push, PushAttempt, State
from webpush_app.protocol.subscription import read_subscription
from webpush_app.protocol.transport import Transport
from webpush_app.subscriptions import service as subscriptions
from webpush_app.subscriptions.keyring import current_key
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.push_services import service_of
from webpush_app.subscriptions.service import Viewer

ORIGIN = {"Origin": "http://localhost"}
BOTH = (Lane.PERSONAL, Lane.BROADCAST)


@dataclass(frozen=True)
class Device:
    """A browser that agreed: its row, and its place at the push service."""

    id: int
    subscribed: Subscribed


class Outgoing:
    def __init__(self, app: Flask, service: PushService, transport: Transport) -> None:
        self.app = app
        self.service = service
        self.dispatcher = Dispatcher(transport)

    def device(self, user_id: int | None = None, *, locale: str = "en", host: str = MOZILLA) -> Device:
        with self.app.app_context():
            key = current_key().public
        subscribed = self.service.subscribe(key, host)
        return Device(self.post(subscribed, user_id, locale=locale), subscribed)

    def post(self, subscribed: Subscribed, user_id: int | None, *, locale: str = "en") -> int:
        """The browser posts what it has; also once more."""
        with self.app.app_context():
            begin_write()
            person = None if user_id is None else db.session.get_one(User, user_id)
            row, _ = subscriptions.subscribe(
                read_subscription(subscribed.to_json()),
                Viewer(person),
                vapid_public_key=current_key().public,
                browser="Firefox",
                locale=locale,
            )
            db.session.commit()
            return row.id

    def change_device(self, device: Device, **values: object) -> None:
        self.execute(update(PushSubscription).where(PushSubscription.id == device.id).values(**values))

    def change(self, push_id: int, **values: object) -> None:
        self.execute(update(Push).where(Push.id == push_id).values(**values))

    def execute(self, statement: Any) -> None:
        with self.app.app_context():
            begin_write()
            db.session.execute(statement)
            db.session.commit()

    def is_on(self, device: Device) -> bool:
        return self.stored(device).off_at is None

    def is_forgotten(self, device: Device) -> bool:
        with self.app.app_context():
            return db.session.get(PushSubscription, device.id) is None

    def stored(self, device: Device) -> PushSubscription:
        with self.app.app_context():
            return db.session.get_one(PushSubscription, device.id)

    def start_broadcast(self, admin_id: int, body: str = "Maintenance at noon") -> None:
        with self.app.app_context():
            begin_write()
            broadcasts.start_broadcast(db.session.get_one(User, admin_id), "News", body, "", "everyone")
            db.session.commit()

    def broadcast(self, admin_id: int, body: str = "Maintenance at noon") -> None:
        """Started, and wholly in the outbox."""
        self.start_broadcast(admin_id, body)
        with self.app.app_context():
            while broadcasts.fan_out_step():
                pass

    def tally(self, broadcast_id: int) -> dict[State, int]:
        """How many pushes of it were put into the outbox (`queued`), and what became of them."""
        with self.app.app_context():
            tally = outbox.read_tally(broadcasts.KIND, broadcast_id)
        return {state: number for state, number in tally.items() if number}

    def fill(self, number: int, lane: Lane = Lane.PERSONAL, **given: object) -> None:
        """Rows that are due, for browsers that need not exist."""
        moment = clock.now()
        base: dict[str, object] = {
            "kind": "message",
            "subscription_id": 1,
            "lane": int(lane),
            "state": State.QUEUED,
            "attempts": 0,
            "created_at": moment,
            "expires_at": moment + timedelta(hours=24),
            "due_at": moment,
        }
        with self.app.app_context():
            begin_write()
            base["service_id"] = service_of("https://updates.push.services.mozilla.com/wpush/v2/any")
            taken = len(db.session.scalars(select(Push.id)).all())
            rows = [{**base, "subject_id": taken + count, **given} for count in range(1, number + 1)]
            db.session.execute(insert(Push), rows)
            db.session.commit()

    def deliver(self, lanes: Collection[Lane] = BOTH) -> int:
        """What is due now, all of it; how many rows were taken."""
        taken = 0
        while batch := self.deliver_batch(lanes):
            taken += batch
        return taken

    def deliver_batch(self, lanes: Collection[Lane] = BOTH) -> int:
        with self.app.app_context():
            return self.dispatcher.deliver_batch(lanes)

    def rows(self) -> list[Push]:
        with self.app.app_context():
            return list(db.session.scalars(select(Push).order_by(Push.id)))

    def attempts(self) -> list[PushAttempt]:
        with self.app.app_context():
            return list(db.session.scalars(select(PushAttempt).order_by(PushAttempt.id)))

    def row(self) -> Push:
        [row] = self.rows()
        return row

    def row_of(self, device: Device) -> Push:
        """The latest for this browser."""
        return [row for row in self.rows() if row.subscription_id == device.id][-1]

    def states(self) -> list[str]:
        return [row.state for row in self.rows()]
