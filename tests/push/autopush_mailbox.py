"""What a push service for Firefox remembers: which browser has which subscription, and the pushes not yet fetched.

It is asked from two sides, by senders over HTTPS and by browsers over their sockets, each in a thread of its own.
"""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from tests.push.verifier import Claims

HOST = "updates.push.services.mozilla.com"
ORIGIN = f"https://{HOST}"
PATH = "/wpush/v2/"
# What Firefox says in an acknowledgement.
DELIVERED, CANNOT_DECRYPT, NOT_DELIVERED = 100, 101, 102

T = TypeVar("T")


@dataclass
class Registration:
    """One subscription."""

    browser: str
    channel: str
    application_server_key: str | None
    token: str = field(default_factory=lambda: "gAAAAAB" + secrets.token_urlsafe(40))
    is_on: bool = True

    @property
    def endpoint(self) -> str:
        return f"{ORIGIN}{PATH}{self.token}"


class State(StrEnum):
    WAITING = "waiting"  # not yet sent, or sent and not acknowledged
    ACKNOWLEDGED = "acknowledged"
    REPLACED = "replaced"  # by a newer one of the same Topic
    EXPIRED = "expired"  # its TTL ran out before the browser came
    DROPPED = "dropped"  # its subscription ended


@dataclass
class Received:
    """A push that was accepted."""

    registration: Registration
    headers: Mapping[str, str]
    body: bytes
    claims: Claims
    state: State = State.WAITING
    ack_code: int | None = None
    version: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    received_at: float = field(default_factory=time.monotonic)
    sent_over: object = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        return self.registration.endpoint

    @property
    def ttl_seconds(self) -> int:
        return int(self.headers["ttl"])

    @property
    def urgency(self) -> str | None:
        return self.headers.get("urgency")

    @property
    def topic(self) -> str | None:
        return self.headers.get("topic")


class Mailbox:
    def __init__(self) -> None:
        self.received: list[Received] = []
        self.registrations: list[Registration] = []
        self.browsers: set[str] = set()
        self.changed = threading.Condition(threading.RLock())

    def wait_for(self, find: Callable[[], T | None], timeout: float, what: str) -> T:
        with self.changed:
            found = self.changed.wait_for(find, timeout)
            assert found, f"no {what} within {timeout} s; registered: {self.registrations}; received: {self.received}"
        return found

    def greet(self, browser: str | None) -> str:
        """Its name, or a new one if it has none or one that is not known here: it then drops all it has."""
        with self.changed:
            name = browser if browser in self.browsers and browser else secrets.token_hex(16)
            self.browsers.add(name)
        return name

    def forget(self, browser: str) -> None:
        with self.changed:
            self.browsers.discard(browser)
            for registration in self.registrations:
                if registration.browser == browser:
                    self._end(registration)

    def register(self, browser: str, channel: str, key: str | None) -> Registration:
        made = Registration(browser, channel, key.rstrip("=") if key else None)
        with self.changed:
            self.registrations.append(made)
            self.changed.notify_all()
        return made

    def unregister(self, browser: str, channel: str) -> None:
        with self.changed:
            for registration in self.registrations:
                if (registration.browser, registration.channel) == (browser, channel):
                    self._end(registration)

    def registration(self, token: str) -> Registration | None:
        with self.changed:
            return next((one for one in self.registrations if one.token == token), None)

    def add(self, push: Received) -> None:
        with self.changed:
            for earlier in self._waiting():
                is_same_place = earlier.registration is push.registration
                if is_same_place and push.topic is not None and earlier.topic == push.topic:
                    earlier.state = State.REPLACED
            self.received.append(push)
            self.changed.notify_all()

    def take(self, browser: str, over: object) -> list[Received]:
        """What waits for this browser and was not yet sent over this connection."""
        now = time.monotonic()
        with self.changed:
            found = [
                one for one in self._waiting() if one.registration.browser == browser and one.sent_over is not over
            ]
            for push in found:
                push.sent_over = over
                if now > push.received_at + push.ttl_seconds:
                    push.state = State.EXPIRED
            self.changed.notify_all()
        return [push for push in found if push.state is State.WAITING]

    def acknowledge(self, version: str, code: int) -> None:
        with self.changed:
            for push in self._waiting():
                if push.version == version:
                    push.state, push.ack_code = State.ACKNOWLEDGED, code
            self.changed.notify_all()

    def _waiting(self) -> list[Received]:
        return [push for push in self.received if push.state is State.WAITING]

    def _end(self, registration: Registration) -> None:
        registration.is_on = False
        for push in self._waiting():
            if push.registration is registration:
                push.state = State.DROPPED
        self.changed.notify_all()
