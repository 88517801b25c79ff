"""A push service of the tests' own. Its endpoints have a real push service's shape, and it says no as one does: each
push is verified and then decrypted with the browser's keys. It can be told to answer anything, or to behave badly."""

import itertools
import json
import secrets
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.push import verifier
from tests.push.browser_keys import BrowserKeys, Undecryptable
from tests.push.certificate import make as make_certificate
from tests.push.listener import BOTH, Asked, Listener, Reaction, Reply
from tests.push.redirection import TransportOptions, transport_options
from tests.push.verifier import Claims, Refused

MOZILLA = "updates.push.services.mozilla.com"
GOOGLE = "fcm.googleapis.com"
APPLE = "web.push.apple.com"
WINDOWS = "wns2-par02p.notify.windows.com"
NAMES = (
    "*.push.services.mozilla.com",
    "fcm.googleapis.com",
    "android.googleapis.com",
    "jmt17.google.com",
    "*.push.apple.com",
    "*.notify.windows.com",
    "localhost",
    "127.0.0.1",
)
# What stands before the token in the paths of each; Mozilla's is the rule.
PATHS = {"googleapis.com": "/fcm/send/", "google.com": "/fcm/send/", "apple.com": "/", "windows.com": "/w/?token="}
MOZILLA_PATH = "/wpush/v2/"
WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Received:
    """A push that was found right, whatever was answered to it."""

    endpoint: str
    text: str
    headers: Mapping[str, str]
    claims: Claims
    moment: datetime
    reaction: Reaction

    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def is_accepted(self) -> bool:
        return isinstance(self.reaction, Reply) and 200 <= self.reaction.status < 300


@dataclass(frozen=True)
class Refusal:
    status: int
    reason: str
    endpoint: str


class Answering:
    """What to do when a push is right: one after the other, and the last one from then on."""

    def __init__(self) -> None:
        self._reactions: deque[Reaction] = deque()

    def answer_with(
        self, *reactions: int | Reaction, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> None:
        """A number is a status; the headers and the body belong to those that are given as numbers."""
        self._reactions = deque(
            Reply(reaction, headers or {}, body) if isinstance(reaction, int) else reaction for reaction in reactions
        )

    def _next_reaction(self) -> Reaction | None:
        if len(self._reactions) > 1:
            return self._reactions.popleft()
        return self._reactions[0] if self._reactions else None


class Subscribed(Answering):
    """One browser's subscription, as the service knows it."""

    def __init__(self, service: "PushService", endpoint: str, application_server_key: str | None) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.application_server_key = application_server_key
        self.keys = BrowserKeys.make()
        self.received: list[Received] = []
        self.is_gone = False
        self.service = service

    def to_json(self) -> dict[str, object]:
        return self.keys.to_json(self.endpoint)

    def wait_for(self, count: int, timeout: float = WAIT_SECONDS) -> list[Received]:
        return self.service.wait_until(self.received, count, timeout)

    def unsubscribe(self) -> None:
        """From now on its pushes are answered with 410."""
        self.is_gone = True


class PushService(Answering):
    """`with PushService(tmp_path) as service:`; what it is told goes for the subscriptions that were told nothing."""

    def __init__(self, folder: Path, more_names: Sequence[str] = (), protocols: Sequence[str] = BOTH) -> None:
        super().__init__()
        self.certificate = make_certificate(folder, [*NAMES, *more_names])
        self.received: list[Received] = []
        self.refusals: list[Refusal] = []
        self._listener = Listener(self.certificate, self._react, protocols)
        self._subscribed: dict[str, Subscribed] = {}
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.stop()

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self._listener.server_port

    @property
    def stand_in(self) -> str:
        return f"127.0.0.1:{self._listener.server_port}"

    @property
    def ca_file(self) -> Path:
        return self.certificate.ca_file

    @property
    def connections(self) -> int:
        return self._listener.connections

    @property
    def open_connections(self) -> int:
        return self._listener.open_connections

    @property
    def most_connections_at_once(self) -> int:
        return self._listener.most_connections_at_once

    @property
    def troubles(self) -> list[str]:
        """How connections ended badly."""
        return self._listener.troubles

    def transport_options(self) -> TransportOptions:
        """What a transport is given so that it reaches this service and nothing else."""
        return transport_options(self.stand_in, self.ca_file)

    def subscribe(self, application_server_key: str | None, host: str = MOZILLA) -> Subscribed:
        """The key is base64url without padding; None makes a subscription that takes anybody's pushes."""
        endpoint = f"https://{host}{_path_before_token(host)}{secrets.token_urlsafe(96)}"
        subscribed = Subscribed(self, endpoint, application_server_key)
        with self._changed:
            self._subscribed[endpoint] = subscribed
        return subscribed

    def wait_for(self, count: int, timeout: float = WAIT_SECONDS) -> list[Received]:
        return self.wait_until(self.received, count, timeout)

    def wait_until(self, received: list[Received], count: int, timeout: float) -> list[Received]:
        with self._changed:
            if not self._changed.wait_for(lambda: len(received) >= count, timeout):
                raise AssertionError(f"{len(received)} of {count} pushes came in {timeout} s; refused: {self.refusals}")
            return received.copy()

    def _react(self, asked: Asked) -> Reaction:
        endpoint = f"https://{asked.headers.get('host', '')}{asked.path}"
        try:
            subscribed = self._find(asked, endpoint)
            text, claims = _verified(asked, subscribed)
        except Refused as refused:
            with self._changed:
                self.refusals.append(Refusal(refused.status, refused.reason, endpoint))
            return Reply(refused.status, {"Content-Type": "text/plain"}, refused.reason.encode())
        with self._changed:
            reaction = self._completed(self._reaction_for(subscribed), asked)
            received = Received(endpoint, text, asked.headers, claims, datetime.now(UTC), reaction)
            self.received.append(received)
            subscribed.received.append(received)
            self._changed.notify_all()
        return reaction

    def _find(self, asked: Asked, endpoint: str) -> Subscribed:
        subscribed = self._subscribed.get(endpoint)
        if subscribed is None:
            raise Refused(404, "there is no such subscription")
        if asked.method != "POST":
            raise Refused(405, "a push is a POST")
        if subscribed.is_gone:
            raise Refused(410, "the subscription is gone")
        return subscribed

    def _reaction_for(self, subscribed: Subscribed) -> Reaction:
        return subscribed._next_reaction() or self._next_reaction() or Reply(201)

    def _completed(self, reaction: Reaction, asked: Asked) -> Reaction:
        """A 201 names the message that it made, as RFC 8030 asks for."""
        if not isinstance(reaction, Reply) or reaction.status != 201 or "Location" in reaction.headers:
            return reaction
        location = f"https://{asked.headers['host']}/m/{next(self._numbers)}"
        return replace(reaction, headers={"Location": location, "TTL": asked.headers["ttl"], **reaction.headers})


def _path_before_token(host: str) -> str:
    return next((path for name, path in PATHS.items() if host.endswith(f".{name}")), MOZILLA_PATH)


def _verified(asked: Asked, subscribed: Subscribed) -> tuple[str, Claims]:
    verifier.verify_headers(asked.headers)
    verifier.verify_body(asked.body)
    claims = verifier.verify_vapid(
        asked.headers.get("authorization", ""), subscribed.endpoint, subscribed.application_server_key
    )
    try:
        return subscribed.keys.decrypt(asked.body).decode(), claims
    except Undecryptable as problem:
        raise Refused(400, f"the body cannot be decrypted: {problem}") from problem
    except UnicodeDecodeError as problem:
        raise Refused(400, "the text is not UTF-8") from problem
