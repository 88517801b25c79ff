"""Sends pushes: encrypts, signs, hands them to a transport, and says what became of each."""

import re
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
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


@dataclass(frozen=True)
class Push:
    key: int
    """The caller's: the outcome comes with it."""
    subscription: Subscription
    payload: bytes = field(repr=False)
    ttl_seconds: int
    urgency: Urgency = Urgency.NORMAL
    topic: str | None = None

    def __post_init__(self) -> None:
        # Apple decodes the topic, and no base64 has such a length.
        if self.topic is not None and (not _TOPIC.fullmatch(self.topic) or len(self.topic) % 4 == 1):
            raise ValueError("A topic is base64url of at most 32 characters, and not of 1 more than a multiple of 4.")


class Sender:
    def __init__(self, transport: Transport, signer: Signer, now: Callable[[], datetime] = clock.now) -> None:
        self._transport = transport
        self._signer = signer
        self._now = now

    def send(self, pushes: Iterable[Push]) -> Iterator[tuple[int, Outcome]]:
        """Outcomes in the order in which they come. A push is encrypted when the transport can take it, not before."""
        unsent: deque[tuple[int, Outcome]] = deque()
        answers = self._transport.exchange(self._requests(pushes, unsent))
        try:
            for key, answer in answers:
                yield from _taken(unsent)
                yield key, classify(answer, self._now())
            yield from _taken(unsent)
        finally:
            if isinstance(answers, Generator):
                answers.close()

    def close(self) -> None:
        self._transport.close()

    def _requests(self, pushes: Iterable[Push], unsent: deque[tuple[int, Outcome]]) -> Iterator[tuple[int, Request]]:
        for push in pushes:
            try:
                request = self._request(push)
            except CannotEncrypt as problem:
                unsent.append((push.key, Refused(None, f"cannot be encrypted: {problem}", RefusedFor.KEYS)))
            except PayloadTooLarge as problem:
                unsent.append((push.key, Refused(None, str(problem), RefusedFor.TOO_LARGE)))
            except EndpointRefused as problem:
                unsent.append((push.key, Refused(None, f"the endpoint {problem}", RefusedFor.REQUEST)))
            else:
                yield push.key, request

    def _request(self, push: Push) -> Request:
        endpoint = read_endpoint(push.subscription.endpoint)
        headers = {
            "TTL": str(min(max(push.ttl_seconds, 1), LONGEST_TTL_SECONDS)),
            "Urgency": push.urgency.value,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Authorization": self._signer.authorization(endpoint.origin),
        }
        if push.topic is not None:
            headers["Topic"] = push.topic
        return Request(endpoint.url, headers, encrypt(push.subscription, push.payload))


def _taken(unsent: deque[tuple[int, Outcome]]) -> Iterator[tuple[int, Outcome]]:
    while unsent:
        yield unsent.popleft()
