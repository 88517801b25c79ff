"""A service of its own with an admin, where much has happened to pushes. No worker runs: what waits goes on waiting."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, ViewportSize

from tests import chosen
from tests.browser.windows import LONGEST_NAME, Person, Windows
from tests.delivery.happenings import Happenings
from tests.people import People
from tests.push.service import GOOGLE, MOZILLA, WINDOWS
from tests.server.running import Server, running
from webpush_app import clock, config
from webpush_app.accounts.models import User
from webpush_app.accounts.service import CONTACT_EMAIL, remember_fact
from webpush_app.database import db
from webpush_app.delivery.models import State
from webpush_app.delivery.watch_models import OperatorAlert
from webpush_app.factory import create_app
from webpush_app.subscriptions.models import Off
from webpush_app.subscriptions.push_services import Pause

ADMIN = "boss"
READER = "W" * LONGEST_NAME
UNBROKEN = "W" * 80
LONG_ANSWER = f"quota exceeded, {'come back later ' * 5}{UNBROKEN}"[:200]


@dataclass(frozen=True)
class Office:
    server: Server
    happenings: Happenings
    admin_id: int
    # A dead letter of Microsoft's, and one whose browser is off.
    dead: int
    off: int

    @contextmanager
    def windows(self, chromium: Browser, viewport: ViewportSize) -> Iterator[Windows]:
        opened = Windows(chromium, self.server.url, viewport)
        try:
            yield opened
        finally:
            opened.close()
        assert opened.problems == []

    @contextmanager
    def speaking(self, language: str) -> Iterator[None]:
        """What the admin has chosen. Taken back at the end: other tests share this service and read English."""
        self.happenings.change(User, self.admin_id, locale=language)
        try:
            yield
        finally:
            self.happenings.change(User, self.admin_id, locale=None)

    @staticmethod
    def admin(windows: Windows, **options: object) -> Person:
        return windows.another_of(Person(ADMIN, windows.new_context()), **options)


@contextmanager
def opening(folder: Path, password_hash: str) -> Iterator[Office]:
    with running(folder, EMBEDDED_WORKER="false") as server:
        app = create_app(config.load({"INSTANCE_PATH": str(folder), **chosen.given_in(folder)}))
        yield _furnished(server, app, People(app, password_hash))
        with app.app_context():
            db.engine.dispose()


def _furnished(server: Server, app: Flask, people: People) -> Office:
    happenings = Happenings(app)
    admin, reader = people(ADMIN, is_admin=True), people(READER)
    happenings.writing(lambda: remember_fact(CONTACT_EMAIL, "ops@example.com"))
    for host, named in ((MOZILLA, "Firefox|Linux"), (WINDOWS, "Samsung Internet|Android"), (GOOGLE, "Chrome|macOS")):
        happenings.browser(reader, host=host, named=named)
    happenings.broadcast(admin, UNBROKEN)
    for push, state in zip(happenings.pushes("broadcast", 1), (State.ACCEPTED, State.DROPPED, State.GONE), strict=True):
        happenings.end(push.id, state, "read_already" if state is State.DROPPED else None, answer_status=201)
    number = happenings.message(admin, reader)
    waiting, dead, off = (push.id for push in happenings.pushes("message", number))
    later = clock.now() + timedelta(hours=1)
    happenings.attempt(waiting, "slow_down", next_at=later, answer_status=429, said=LONG_ANSWER)
    happenings.attempt(dead, "unknown", next_at=clock.now(), said="timed out")
    happenings.end(dead, State.FAILED, "given_up_their_trouble", answer_status=503, said=LONG_ANSWER)
    happenings.end(off, State.EXPIRED, "expired")
    happenings.turn_off(3, Off.SIGNED_OUT)
    happenings.pause(MOZILLA, Pause.BROKEN, 3600)
    happenings.writing(lambda: db.session.add(OperatorAlert(kind="host_down", about=MOZILLA, said=LONG_ANSWER)))
    return Office(server, happenings, admin, dead, off)
