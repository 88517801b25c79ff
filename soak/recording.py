"""A push service that is faster than any worker: it notes each push as it came and answers at once. What is in them is
verified and decrypted when all is over, every one of them."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

from tests.push import verifier
from tests.push.browser_keys import BrowserKeys, Undecryptable
from tests.push.certificate import make as make_certificate
from tests.push.listener import Asked, Listener, Reaction, Reply
from tests.push.service import NAMES

_LOOK_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Came:
    """A push as it came, and what was answered."""

    endpoint: str
    at: float
    """By the clock that only goes forward."""
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def topic(self) -> str | None:
        return self.headers.get("topic")


Answering = Callable[[str], Reply]
"""From the endpoint to what is answered."""


def accept(_endpoint: str) -> Reply:
    return Reply(201)


class Recorder:
    """`with Recorder(folder) as service:`; what it answers may be changed at any time."""

    def __init__(self, folder: Path) -> None:
        self.certificate = make_certificate(folder, NAMES)
        self.answer: Answering = accept
        self.came: list[Came] = []
        self._listener = Listener(self.certificate, self._react)

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.stop()

    @property
    def stand_in(self) -> str:
        return f"127.0.0.1:{self._listener.server_port}"

    @property
    def ca_file(self) -> Path:
        return self.certificate.ca_file

    def wait_for(self, number: float, seconds: float) -> None:
        """Until so many have come, of all that ever came."""
        deadline = time.monotonic() + seconds
        while len(self.came) < number:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(self.came)} of {number:.0f} pushes came in {seconds} s")
            time.sleep(_LOOK_SECONDS)

    def _react(self, asked: Asked) -> Reaction:
        endpoint = f"https://{asked.headers.get('host', '')}{asked.path}"
        at = time.monotonic()
        if len(asked.body) < int(asked.headers.get("content-length", 0)):
            return Reply(400)  # whoever sent it was killed in the middle: half a push is none
        reply = self.answer(endpoint)
        self.came.append(Came(endpoint, at, reply.status, asked.headers, asked.body))
        return reply


def opened(came: Came, keys: BrowserKeys, application_server_key: str) -> Any:
    """What the browser is to show. None for a push that a strict push service, or the browser, would not take."""
    try:
        verifier.verify_headers(came.headers)
        verifier.verify_body(came.body)
        _verify_signature(
            came.headers.get("authorization", ""), verifier.origin_of(came.endpoint), application_server_key
        )
        return json.loads(keys.decrypt(came.body))
    except (verifier.Refused, Undecryptable, ValueError):
        return None


def statuses(came: Iterable[Came], status: int) -> int:
    return sum(one.status == status for one in came)


@lru_cache(maxsize=256)
def _verify_signature(authorization: str, origin: str, application_server_key: str) -> None:
    """A signature is sent with many pushes; verifying it takes as long as decrypting one."""
    verifier.verify_vapid(authorization, origin, application_server_key)
