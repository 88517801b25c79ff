"""A keep-alive connection of one browser. Plain sockets: the client must not be what is measured on a small machine."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlencode

_PATIENCE_SECONDS = 60.0
_RESTED_SECONDS = 5.0  # servers end a connection that rests for 15


@dataclass(frozen=True)
class Answer:
    status: int
    cookies: dict[str, str]
    body: bytes

    def expect(self, status: int) -> "Answer":
        if self.status != status:
            raise AssertionError(f"answered {self.status} instead of {status}: {self.body[:300]!r}")
        return self

    def csrf_token(self) -> str:
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', self.body.decode())
        if found is None:
            raise AssertionError("the page has no form")
        return found.group(1)


class Connection:
    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        self.last_used = time.monotonic()
        self._open()

    def get(self, path: str) -> Answer:
        return self.send(self.prepare("GET", path))

    def open(self, path: str) -> Answer:
        """Get a page, and keep its cookies, as a browser does."""
        answer = self.get(path)
        self.cookies |= answer.cookies
        return answer

    def post(self, path: str, fields: dict[str, str]) -> Answer:
        return self.send(self.prepare("POST", path, urlencode(fields)))

    def prepare(self, method: str, path: str, form: str = "") -> bytes:
        """The bytes of a request, for those who send the same one again and again."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{self.port}"]
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if method == "POST":
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(form)}"]
        return "\r\n".join([*lines, "", form]).encode()

    def send(self, request: bytes) -> Answer:
        if time.monotonic() - self.last_used > _RESTED_SECONDS:
            self.close()  # as a browser does, not to meet a server that is just ending it
            self._open()
        self.socket.sendall(request)
        status = int(self.reader.readline().split(b" ", 2)[1])
        length, cookies = -1, {}
        while (line := self.reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            elif name.lower() == b"set-cookie":
                cookie, _, content = value.decode().strip().partition("=")
                cookies[cookie] = content.partition(";")[0]
        if length < 0:
            raise AssertionError("the answer does not say its length")
        body = self.reader.read(length)
        self.last_used = time.monotonic()
        return Answer(status, cookies, body)

    def close(self) -> None:
        self.reader.close()
        self.socket.close()

    def _open(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")


@contextmanager
def connected(port: int, count: int) -> Iterator[list[Connection]]:
    connections = [Connection(port) for _ in range(count)]
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()
