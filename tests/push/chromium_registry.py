"""What the stand-in for Google's backend knows: browsers that checked in, their registrations, and the pushes that wait
for them. It belongs to the one thread of the backend; a push waits until its browser has said that it has it."""

import itertools
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tests.push.verifier import Claims, Refused

NEVER_KNOWN, NO_LONGER_KNOWN = 404, 410
LARGEST_ID = 2**63 - 1


@dataclass
class Registration:
    """One subscription of one worker."""

    token: str
    application_server_key: str
    app: str
    subtype: str
    device_id: int
    is_gone: bool = False


@dataclass(frozen=True)
class Received:
    """A push that was taken: its sender has read 201."""

    endpoint: str
    headers: Mapping[str, str]
    """With lower-case names."""
    body: bytes
    claims: Claims
    registration: Registration
    persistent_id: str
    at_seconds: float = field(default_factory=time.time)

    @property
    def ttl_seconds(self) -> int:
        return int(self.headers["ttl"])

    @property
    def urgency(self) -> str:
        return self.headers.get("urgency", "normal")

    @property
    def topic(self) -> str | None:
        return self.headers.get("topic")

    def is_expired(self) -> bool:
        return time.time() > self.at_seconds + self.ttl_seconds

    def is_replaced_by(self, later: "Received") -> bool:
        return self.topic is not None and (self.topic, self.endpoint) == (later.topic, later.endpoint)


class Line(Protocol):
    """An open connection to a browser."""

    def deliver(self, push: Received) -> None: ...


@dataclass
class Device:
    """One browser's profile."""

    id: int
    security_token: int
    waiting: dict[str, Received] = field(default_factory=dict)
    """By persistent id, the oldest first: taken from its sender, and not yet known to be at the browser."""
    line: Line | None = None

    def enqueue(self, push: Received) -> None:
        self.waiting = {name: earlier for name, earlier in self.waiting.items() if not earlier.is_replaced_by(push)}
        self.waiting[push.persistent_id] = push
        if self.line:
            self.line.deliver(push)

    def acknowledge(self, persistent_id: str) -> None:
        self.waiting.pop(persistent_id, None)

    def forget(self, registration: Registration) -> None:
        self.waiting = {name: push for name, push in self.waiting.items() if push.registration is not registration}

    def connect(self, line: Line) -> None:
        """The newest connection counts: at its start Chromium may open two."""
        self.line = line
        self.waiting = {name: push for name, push in self.waiting.items() if not push.is_expired()}
        for push in self.waiting.values():
            line.deliver(push)

    def disconnect(self, line: Line) -> None:
        if self.line is line:
            self.line = None


class Registry:
    def __init__(self) -> None:
        self.devices: dict[int, Device] = {}
        self.registrations: dict[str, Registration] = {}
        self._numbers = itertools.count(1)

    def check_in(self, device_id: int) -> Device:
        """A browser that is known stays who it is."""
        if device_id not in self.devices:
            device_id = secrets.randbelow(LARGEST_ID) + 1
            self.devices[device_id] = Device(device_id, secrets.randbelow(LARGEST_ID) + 1)
        return self.devices[device_id]

    def device(self, device_id: str, security_token: str) -> Device:
        device = self.devices.get(int(device_id)) if device_id.isdecimal() else None
        if device is None or security_token != str(device.security_token):
            raise Refused(401, "this browser has not checked in")
        return device

    def register(self, device: Device, app: str, subtype: str, sender: str) -> Registration:
        self.unregister(device, app, subtype)
        token = f"{secrets.token_urlsafe(8)}:{secrets.token_urlsafe(96)}"  # the shape and the length of Google's
        made = Registration(token, sender, app, subtype, device.id)
        self.registrations[token] = made
        return made

    def unregister(self, device: Device, app: str, subtype: str) -> None:
        for registration in self.registrations.values():
            if (registration.device_id, registration.app, registration.subtype) == (device.id, app, subtype):
                registration.is_gone = True
                device.forget(registration)

    def registration(self, token: str) -> Registration:
        found = self.registrations.get(token)
        if found is None:
            raise Refused(NEVER_KNOWN, "there has never been such a subscription")
        if found.is_gone:
            raise Refused(NO_LONGER_KNOWN, "the browser has given this subscription up")
        return found

    def next_persistent_id(self) -> str:
        return f"0:{time.time_ns() // 1000}%{next(self._numbers):08x}"
