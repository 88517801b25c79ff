"""A person's browser on one kept-alive connection to the real server, and somebody who keeps asking how it feels."""

import http.client
import re
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlencode

from tests.repeating import repeating

COOKIE = "webpush_session"
PROBE_EVERY_SECONDS = 0.02


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: str


class Visitor:
    def __init__(self, port: int, cookie: str = "") -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.cookie = cookie

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, **fields: str) -> Answer:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, urlencode(fields).encode(), headers)

    def token(self, path: str = "/edit_profile") -> str:
        """The token of a form; it is good for every form of this session."""
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.get(path).text)
        assert found, f"{path} has no form"
        return found.group(1)

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
        cookie = {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}
        self.connection.request(method, path, body, {**cookie, **(headers or {})})
        return self.read_answer()

    def read_answer(self) -> Answer:
        response = self.connection.getresponse()
        for header in response.headers.get_all("Set-Cookie") or []:
            name, _, value = header.partition(";")[0].partition("=")
            if name == COOKIE:
                self.cookie = value
        return Answer(response.status, response.headers, response.read().decode())


class Prober:
    """Asks /healthz all the time, and remembers how long each answer took."""

    def __init__(self, port: int) -> None:
        self.seconds: list[float] = []
        self.statuses: set[int] = set()
        self._visitor = Visitor(port)
        self._asking = ExitStack()

    def __enter__(self) -> Self:
        self._asking.enter_context(self._visitor)
        self._asking.enter_context(repeating([self._ask], PROBE_EVERY_SECONDS))
        return self

    def __exit__(self, *_: object) -> None:
        self._asking.close()

    @property
    def p95_seconds(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.95)]

    def _ask(self) -> None:
        began = time.monotonic()
        self.statuses.add(self._visitor.get("/healthz").status)
        self.seconds.append(time.monotonic() - began)
