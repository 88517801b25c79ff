"""Firefox's push service, standing in: browsers connect to it and get endpoints at the real service's address, senders
reach those over real TLS, and what they send is checked as strictly as the real service does it, or more."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from tests.push.autopush_mailbox import (
    CANNOT_DECRYPT,
    DELIVERED,
    HOST,
    ORIGIN,
    PATH,
    Mailbox,
    Received,
    Registration,
    State,
)
from tests.push.autopush_socket import Line
from tests.push.certificate import Certificate
from tests.push.listener import Asked, Listener, Reply
from tests.push.verifier import Refused, verify_body, verify_headers, verify_vapid

__all__ = [
    "CANNOT_DECRYPT",
    "DELIVERED",
    "HOST",
    "ORIGIN",
    "Autopush",
    "Received",
    "Refusal",
    "Registration",
    "State",
    "autopush",
]

T = TypeVar("T")


@dataclass(frozen=True)
class Refusal:
    status: int
    reason: str
    path: str
    headers: Mapping[str, str]


class Autopush:
    def __init__(self, certificate: Certificate) -> None:
        self.mailbox = Mailbox()
        self.refusals: list[Refusal] = []
        self.line = Line(self.mailbox)
        self._listener = Listener(certificate, self._react)

    @property
    def socket_url(self) -> str:
        """For Firefox: its dom.push.serverURL."""
        return self.line.url

    @property
    def https_port(self) -> int:
        """For the sender: where `HOST` is to be found on 127.0.0.1."""
        return self._listener.server_port

    @property
    def received(self) -> list[Received]:
        """All pushes that were accepted, in their order."""
        with self.mailbox.changed:
            return list(self.mailbox.received)

    @property
    def registrations(self) -> list[Registration]:
        with self.mailbox.changed:
            return list(self.mailbox.registrations)

    def wait_for_push(self, wanted: int | Callable[[Received], bool], timeout: float = 30.0) -> Received:
        """The push of that number (the first is 1), or the first of which the condition is true."""
        return self.mailbox.wait_for(lambda: _find(self.mailbox.received, wanted), timeout, "such push")

    def wait_for_registration(
        self, wanted: int | Callable[[Registration], bool] = 1, timeout: float = 30.0
    ) -> Registration:
        return self.mailbox.wait_for(lambda: _find(self.mailbox.registrations, wanted), timeout, "such registration")

    def wait_until_acknowledged(self, push: Received, timeout: float = 30.0) -> int:
        """The code that the browser acknowledges it with: `DELIVERED`, `CANNOT_DECRYPT` or another."""
        return self.mailbox.wait_for(lambda: push.ack_code, timeout, "acknowledgement")

    def wait_until_unregistered(self, registration: Registration, timeout: float = 30.0) -> None:
        self.mailbox.wait_for(lambda: not registration.is_on, timeout, "end of the subscription")

    def drop_subscription(self, registration: Registration) -> None:
        """Firefox loses it, and with it all it has: the protocol can only tell it that it is not known any more.
        The endpoint answers 410 from now on, and the worker gets a pushsubscriptionchange."""
        self.mailbox.forget(registration.browser)
        self.line.cut()

    @contextmanager
    def unreachable(self) -> Iterator[None]:
        """For browsers, as if they were offline; senders still get through, and what they send waits."""
        self.line.is_down = True
        self.line.cut()
        try:
            yield
        finally:
            self.line.is_down = False

    def start(self) -> None:
        self._listener.start()
        self.line.start()

    def stop(self) -> None:
        self.line.stop()
        self._listener.stop()
        if self.line.broken_by:
            raise self.line.broken_by[0]

    def _react(self, asked: Asked) -> Reply:
        try:
            push = self._checked(asked)
        except Refused as refused:
            self.refusals.append(Refusal(refused.status, refused.reason, asked.path, asked.headers))
            return Reply(refused.status, {"Content-Type": "text/plain"}, refused.reason.encode())
        self.mailbox.add(push)
        self.line.deliver(push.registration.browser)
        location = f"{ORIGIN}/m/{push.version}"
        return Reply(201, {"Location": location, "TTL": str(push.ttl_seconds)})

    def _checked(self, asked: Asked) -> Received:
        if asked.headers.get("host") != HOST:
            raise Refused(421, "the Host is not that of the endpoint")
        token = asked.path.removeprefix(PATH)
        registration = self.mailbox.registration(token) if token != asked.path else None
        if registration is None:
            raise Refused(404, "there is no such subscription")
        if asked.method != "POST":
            raise Refused(405, "a push is a POST")
        if not registration.is_on:
            raise Refused(410, "the subscription has ended")
        authorization = asked.headers.get("authorization", "")
        claims = verify_vapid(authorization, registration.endpoint, registration.application_server_key)
        verify_headers(asked.headers)
        verify_body(asked.body)
        return Received(registration, asked.headers, asked.body, claims)


@contextmanager
def autopush(certificate: Certificate) -> Iterator[Autopush]:
    """The certificate must be good for `HOST`."""
    made = Autopush(certificate)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def _find(among: list[T], wanted: int | Callable[[T], bool]) -> T | None:
    if isinstance(wanted, int):
        return among[wanted - 1] if len(among) >= wanted else None
    return next((one for one in among if wanted(one)), None)
