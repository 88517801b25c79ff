"""Sends pushes: encrypts, signs, hands them to a transport, and says what became of each."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from webpush_app import clock
from webpush_app.protocol.answers import Outcome, Refused, RefusedFor, classify
from webpush_app.protocol.encryption import CannotEncrypt, encrypt
from webpush_app.protocol.endpoints import EndpointRefused, read_endpoint
from webpush_app.protocol.message import PayloadTooLarge, Urgency
from webpush_app.protocol.signing import Signer
from webpush_app.protocol.subscription import Subscription
from webpush_app.protocol.transport import Request, Transport

LONGEST_TTL_SECONDS = 28 * 24 * 3600

_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Push:
    key: int
    """The caller's: the outcome comes with it."""
    subscription: Subscription
    payload: bytes = field(repr=False)
    ttl_seconds: int
    signer: Signer = field(repr=False)
    urgency: Urgency = Urgency.NORMAL
    topic: str | None = None

    def __post_init__(self) -> None:
        # Apple decodes the topic, and no base64 has such a length.
        if self.topic is not None and (not _TOPIC.fullmatch(self.topic) or len(self.topic) % 4 == 1):
            raise ValueError("A topic is base64url of at most 32 characters, and not of 1 more than a multiple of 4.")


class Sender:
    def __init__(self, transport: Transport, now: Callable[[], datetime] = clock.now) -> None:
        self._transport = transport
        self._now = now

    def send(self, pushes: Iterable[Push | None], said: Callable[[int, Outcome], None]) -> None:
        """Says each push's outcome as it comes. A push is encrypted when the transport can take it, not before; None
        means that there is nothing to send at this moment, as it does for `Transport.exchange`."""
        self._transport.exchange(
            self._requests(pushes, said), lambda key, answer: said(key, classify(answer, self._now()))
        )

    def wake(self) -> None:
        self._transport.wake()

    def close(self) -> None:
        self._transport.close()

    def _requests(
        self, pushes: Iterable[Push | None], said: Callable[[int, Outcome], None]
    ) -> Iterator[tuple[int, Request] | None]:
        for push in pushes:
            if push is None:
                yield None
                continue
            try:
                request = _request(push)
            except CannotEncrypt as problem:
                said(push.key, Refused(None, f"cannot be encrypted: {problem}", RefusedFor.KEYS))
            except PayloadTooLarge as problem:
                said(push.key, Refused(None, str(problem), RefusedFor.TOO_LARGE))
            except EndpointRefused as problem:
                said(push.key, Refused(None, f"the endpoint {problem}", RefusedFor.REQUEST))
            else:
                yield push.key, request


def _request(push: Push) -> Request:
    endpoint = read_endpoint(push.subscription.endpoint)
    headers = {
        "TTL": str(min(max(push.ttl_seconds, 1), LONGEST_TTL_SECONDS)),
        "Urgency": push.urgency.value,
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "Authorization": push.signer.authorization(endpoint.origin),
    }
    if push.topic is not None:
        headers["Topic"] = push.topic
    return Request(endpoint.url, headers, encrypt(push.subscription, push.payload))
