"""The product as it is run, for real browsers: the real server, and the real worker, whose pushes reach a stand-in.

A test sits at the browser. Whoever else takes part does so by HTTP, through the forms that the pages show.
"""

import itertools
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from tests.databases import Database, database_in
from tests.people import PASSWORD
from tests.push.worker_process import Worker, pushing
from tests.server.running import Server, running
from tests.server.visitors import Answer, Visitor
from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.delivery.models import Push
from webpush_app.messaging.models import Message
from webpush_app.notifications.models import InboxItem, InboxMark, NotificationClock, Presence
from webpush_app.subscriptions.models import PushSubscription

CONTACT = "mailto:ops@example.com"
T = TypeVar("T")


@dataclass(frozen=True)
class Person:
    """Somebody with an account, at a browser of their own that the test does not look at."""

    name: str
    port: int
    cookie: str

    def send(self, recipient: str, *texts: str) -> None:
        """Private messages, by the form."""
        path = f"/send_message/{recipient}"
        with Visitor(self.port, self.cookie) as visitor:
            token = visitor.token(path)
            for text in texts:
                answer = visitor.post(path, csrf_token=token, message=text)
                assert answer.status == 302, answer.text

    def broadcast(self, title: str, body: str, **more: str) -> dict[str, Any]:
        """As a program does it. The person must be an admin; more can be a link or an audience."""
        answer = self.ask("POST", "/admin-api/trigger-push-notifications", {"title": title, "body": body, **more})
        assert answer.status == 201, answer.text
        result: dict[str, Any] = json.loads(answer.text)["result"]
        return result

    def ask(self, method: str, path: str, content: object = None) -> Answer:
        """JSON, as a page of the site sends it."""
        headers = {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{self.port}"}
        with Visitor(self.port, self.cookie) as visitor:
            return visitor.ask(method, path, None if content is None else json.dumps(content).encode(), headers)


@dataclass
class Product:
    server: Server
    worker: Worker
    instance: Path
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def database(self) -> Database:
        return database_in(self.instance)

    def new_address(self) -> str:
        """The same site by a name that is new to every browser: it knows no cookie, permission or worker there."""
        return f"http://site-{next(self._numbers)}.localhost:{self.server.port}"

    def new_name(self, wanted: str) -> str:
        """Not taken yet; the product is shared by the tests."""
        return f"{wanted}-{next(self._numbers)}"

    def newcomer(self, wanted: str) -> Person:
        """Somebody who has just registered."""
        return self._enter("/register", self.new_name(wanted))

    @cached_property
    def admin(self) -> Person:
        """The first one, made by the link that the start prints."""
        path = self.server.first_admin_path()
        assert path, "the start printed no link for the first admin"
        return self._enter(path, "admin", contact_email="ops@example.com")

    @contextmanager
    def worker_held(self) -> Iterator[None]:
        """Meanwhile nothing is sent, and what is to be sent waits in the outbox."""
        process = self.worker.process.pid
        os.kill(process, signal.SIGSTOP)
        try:
            while not self._anybody_can_write():
                # It was in the midst of a transaction, which would hold up the server.
                os.kill(process, signal.SIGCONT)
                time.sleep(0.01)
                os.kill(process, signal.SIGSTOP)
            yield
        finally:
            os.kill(process, signal.SIGCONT)

    def subscriptions_of(self, name: str | None) -> Sequence[PushSubscription]:
        """The browsers of a person, oldest first, off ones too; or those of strangers."""
        query = select(PushSubscription).outerjoin(User).where(User.username == name)
        return self._read(query.order_by(PushSubscription.id))

    def subscriptions(self) -> Sequence[PushSubscription]:
        """Everybody's browsers, oldest first."""
        return self._read(select(PushSubscription).order_by(PushSubscription.id))

    def pushes_to(self, name: str) -> Sequence[Push]:
        """What was put into the outbox for this person, oldest first."""
        query = select(Push).join(User, User.id == Push.recipient_id).where(User.username == name)
        return self._read(query.order_by(Push.id))

    def messages_to(self, name: str) -> Sequence[Message]:
        query = select(Message).join(User, User.id == Message.recipient_id).where(User.username == name)
        return self._read(query.order_by(Message.id))

    def broadcasts_read_by(self, name: str) -> Sequence[int]:
        """Their items in the inbox, of those that were sent since they registered."""
        marked = select(InboxMark.item_id).where(InboxMark.user_id == User.id)
        is_read = or_(InboxItem.id <= NotificationClock.read_up_to, InboxItem.id.in_(marked.scalar_subquery()))
        query = select(InboxItem.id).join(User, User.username == name)
        query = query.join(NotificationClock, NotificationClock.user_id == User.id)
        is_theirs = and_(InboxItem.user_id.is_(None), InboxItem.created_at >= User.created_at)
        return self._read(query.where(is_theirs, is_read))

    def looked_at_by(self, name: str) -> Sequence[str]:
        """What they have open, as their pages say. A page that is closed may not be heard any more: then it lapses."""
        theirs = select(Presence.place).join(User, User.id == Presence.user_id).where(User.username == name)
        return self._read(theirs.where(Presence.until > clock.now()))

    def _anybody_can_write(self) -> bool:
        os.waitid(os.P_PID, self.worker.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        return not self.database.is_being_written()

    def _enter(self, path: str, name: str, **more: str) -> Person:
        with Visitor(self.server.port) as visitor:
            fields = {"username": name, "password": PASSWORD, "password2": PASSWORD, **more}
            answer = visitor.post(path, csrf_token=visitor.token(path), **fields)
            assert answer.status == 302, answer.text
            return Person(name, self.server.port, visitor.cookie)

    def _read(self, query: Select[T]) -> Sequence[T]:
        """From the database itself."""
        with self.database.elsewhere() as connection, Session(connection) as session:
            return session.scalars(query).all()


@contextmanager
def product(folder: Path, stand_in: str, ca_file: Path, **settings: str) -> Iterator[Product]:
    """The stand-in is the push service's "127.0.0.1:PORT"; settings go to the server and the worker alike."""
    given = {"VAPID_CLAIM_EMAIL": CONTACT, **settings}
    with (
        running(folder, EMBEDDED_WORKER="false", **given) as server,
        pushing(folder, stand_in, ca_file, **given) as worker,
    ):
        yield Product(server, worker, folder)


def eventually(ask: Callable[[], object], wanted: object, timeout: float = 30.0) -> None:
    """Waits for what the server and the worker do by themselves."""
    deadline = time.monotonic() + timeout
    while (answer := ask()) != wanted:
        assert time.monotonic() < deadline, f"after {timeout} s it is still {answer}, and not {wanted}"
        time.sleep(0.05)
