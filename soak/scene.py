"""A database with many browsers in it, a push service for them, and real workers between the two, to be killed."""

import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Select, func, select

from soak.crowd import leave, subscribe_crowd
from soak.recording import Came, Recorder, opened
from tests.push.browser_keys import BrowserKeys
from tests.push.worker_process import MODULE, Worker, pushing
from webpush_app import config, start
from webpush_app.accounts import service as accounts
from webpush_app.accounts.models import User
from webpush_app.broadcasts import service as broadcasts
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import begin_write, db
from webpush_app.delivery import outbox
from webpush_app.delivery.models import Push, State
from webpush_app.delivery.watch_models import OperatorAlert
from webpush_app.messaging import composing as messages
from webpush_app.subscriptions import keyring
from webpush_app.subscriptions.models import PushSubscription

CONTACT = "mailto:ops@example.com"
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Scene:
    folder: Path
    app: Flask
    settings: dict[str, str]
    service: Recorder
    browsers: dict[str, BrowserKeys]
    author: str
    public_key: str
    guests: list[str] = field(default_factory=list)
    """Endpoints of other browsers, which leave with the others."""

    @contextmanager
    def worker(self, module: str = MODULE, **more: str) -> Iterator[Worker]:
        settings = {**self.settings, **more}
        with pushing(self.folder, self.service.stand_in, self.service.ca_file, module=module, **settings) as worker:
            yield worker

    def broadcast(self) -> int:
        with self._database():
            begin_write()
            author = db.session.scalars(select(User).filter_by(username=self.author)).one()
            row = broadcasts.start_broadcast(author, "News", "Something has happened", "/", "everyone")
            db.session.commit()
            return row.id

    def opened(self, came: Came) -> Any:
        """What the browser shows, or None."""
        keys = self.browsers.get(came.endpoint)
        return None if keys is None else opened(came, keys, self.public_key)

    def held(self) -> set[str]:
        """The endpoints whose pushes some worker has, or had when it was killed."""
        with self._database():
            rows = select(PushSubscription.endpoint).join(Push, Push.subscription_id == PushSubscription.id)
            return set(db.session.scalars(rows.where(Push.state == State.SENDING)))

    def wait_until_final(self, broadcast_id: int, seconds: float) -> None:
        self.wait_until(lambda: self.is_final(broadcast_id), seconds)

    def wait_until(self, is_so: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s; pushes that came: {len(self.service.came)}")
            time.sleep(_LOOK_SECONDS)

    def is_final(self, broadcast_id: int) -> bool:
        with self._database():
            row = db.session.get_one(Broadcast, broadcast_id)
            waiting = _pushes(broadcast_id, func.count()).where(Push.due_at.is_not(None))
            return row.fanned_out_at is not None and not db.session.scalar(waiting)

    def states(self, broadcast_id: int) -> Counter[tuple[str, str | None]]:
        """How many pushes are in which state, and why."""
        with self._database():
            query = _pushes(broadcast_id, Push.state, Push.reason, func.count()).group_by(Push.state, Push.reason)
            return Counter({(state, reason): number for state, reason, number in db.session.execute(query)})

    def endpoints(self, broadcast_id: int, state: State) -> set[str]:
        """Of the browsers whose push is in that state."""
        with self._database():
            rows = _pushes(broadcast_id, PushSubscription.endpoint).where(Push.state == state)
            return set(db.session.scalars(rows.where(PushSubscription.id == Push.subscription_id)))

    def attempts(self, broadcast_id: int) -> int:
        """The most that any of them took."""
        with self._database():
            return db.session.scalar(_pushes(broadcast_id, func.max(Push.attempts))) or 0

    def tally(self, broadcast_id: int) -> dict[State, int]:
        with self._database():
            return outbox.read_tally(broadcasts.KIND, broadcast_id)

    def fate_of_message(self, message_id: int) -> tuple[str, str | None]:
        """The state of its push, and why."""
        with self._database():
            query = select(Push.state, Push.reason).where(Push.kind == messages.KIND, Push.subject_id == message_id)
            state, reason = db.session.execute(query).one()
            return state, reason

    def waiting(self, kind: str) -> int:
        """How many pushes of this kind are not final."""
        with self._database():
            rows = select(func.count()).select_from(Push).where(Push.kind == kind, Push.due_at.is_not(None))
            return db.session.scalar(rows) or 0

    def subscription_ids(self) -> Sequence[int]:
        with self._database():
            return db.session.scalars(select(PushSubscription.id).order_by(PushSubscription.id)).all()

    def off(self) -> int:
        """Browsers that were turned off, or are not there any more."""
        with self._database():
            on = select(func.count()).select_from(PushSubscription).where(PushSubscription.off_at.is_(None))
            return len(self.browsers) - (db.session.scalar(on) or 0)

    def alerts(self) -> list[tuple[str, str]]:
        """Every one that was ever raised: its kind, and what it was about."""
        with self._database():
            rows = select(OperatorAlert.kind, OperatorAlert.about).order_by(OperatorAlert.id)
            return [(row.kind, row.about) for row in db.session.execute(rows)]

    @contextmanager
    def _database(self) -> Iterator[None]:
        with self.app.app_context():
            yield


@contextmanager
def scene(folder: Path, browsers: int, **settings: str) -> Iterator[Scene]:
    folder.mkdir(parents=True, exist_ok=True)
    given = {"VAPID_CLAIM_EMAIL": CONTACT, **settings}
    app = start.prepare(config.load({"INSTANCE_PATH": str(folder), **given}))
    author = f"author-{secrets.token_hex(3)}"
    with app.app_context():
        begin_write()
        accounts.create_user(author, "no password", is_admin=True)
        db.session.commit()
        public = keyring.current_key().public
    with Recorder(folder) as service:
        made = Scene(folder, app, given, service, subscribe_crowd(app, browsers), author, public)
        try:
            yield made
        finally:
            leave(app, [*made.browsers, *made.guests])


def _pushes(broadcast_id: int, *columns: Any) -> Select[Any]:
    return select(*columns).where(Push.kind == broadcasts.KIND, Push.subject_id == broadcast_id)
