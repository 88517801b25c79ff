"""An HTTPS server of the tests' own on 127.0.0.1: one thread a connection, kept alive, connections counted. It speaks
HTTP/2 with whoever does, and HTTP/1.1. What is asked is handed to one function, and what that gives is done: an answer,
or one of the bad things that servers do."""

import contextlib
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.push.certificate import Certificate
from tests.push.http2 import LINGER_ZERO, Ended, Http2, Stream

LONGEST_BODY = 1024 * 1024
HANDSHAKE_SECONDS = 10.0


@dataclass(frozen=True)
class Asked:
    """A request, read whole. A header given twice reads as HTTP has it: its values with commas between."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    after_seconds: float = 0.0
    closes: bool = False
    """The connection is closed after the answer, and the answer does not announce it."""


@dataclass(frozen=True)
class Garbage:
    """These bytes are sent instead of an answer, and the connection is closed."""

    data: bytes


class Odd(StrEnum):
    HANG = "hang"
    """The request is read and never answered."""
    RESET = "reset"
    """The request is read and the connection cut; over HTTP/2 its stream alone."""


Reaction = Reply | Garbage | Odd
BOTH = ("h2", "http/1.1")
ONLY_HTTP_1_1 = ("http/1.1",)
"""For who lets one request wait until another comes: each has a connection of its own then."""


class Listener(ThreadingHTTPServer):
    # All threads are waited for at the end: a test leaves nothing behind.
    daemon_threads = False
    request_queue_size = 128

    def __init__(
        self, certificate: Certificate, react: Callable[[Asked], Reaction], protocols: Sequence[str] = BOTH
    ) -> None:
        self.react = react
        self.stopping = threading.Event()
        self.connections = 0
        self.most_connections_at_once = 0
        self.troubles: list[str] = []
        """Connections that ended badly, a refused certificate for one."""
        self.broken_by: list[BaseException] = []
        """Mistakes of the server itself; `stop` raises the first."""
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.certificate_file, certificate.key_file)
        self._context.set_alpn_protocols(list(protocols))
        super().__init__(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="push service")

    @property
    def open_connections(self) -> int:
        return len(self._open)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._open:
                _wake(connection)
        self.server_close()
        if self.broken_by:
            raise self.broken_by[0]

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        """The handshake is left to the connection's own thread: a slow client must not hold up the others."""
        plain, address = super().get_request()
        plain.settimeout(HANDSHAKE_SECONDS)
        connection = self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._open.add(connection)
            self.connections += 1
            self.most_connections_at_once = max(self.most_connections_at_once, len(self._open))
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self._lock:
            self._open.discard(request)

    def handle_error(self, *_: Any) -> None:
        """Where http.server would print and go on."""
        problem = sys.exception()
        if isinstance(problem, OSError):
            self.troubles.append(repr(problem))
        elif problem is not None:
            self.broken_by.append(problem)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one piece
    server: Listener
    connection: ssl.SSLSocket

    def setup(self) -> None:
        self.request.do_handshake()
        self.request.settimeout(None)
        super().setup()

    def handle(self) -> None:
        if self.request.selected_alpn_protocol() == "h2":
            with contextlib.suppress(Ended):
                Http2(self.request, self._hear).run()
        else:
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):  # what is left to be sent may find nobody
            self.wfile.close()
        self.rfile.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        pass

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal():
            self._send(Reply(411))
            self.close_connection = True
        elif int(length) > LONGEST_BODY:
            self._send(Reply(413))
            self.close_connection = True
        else:
            self._react_to(self.rfile.read(int(length)))

    def do_GET(self) -> None:
        """What a sender that follows a redirect asks."""
        self._react_to(b"")

    def _react_to(self, body: bytes) -> None:
        match self.server.react(Asked(self.command, self.path, self._joined_headers(), body)):
            case Reply() as reply:
                self.server.stopping.wait(reply.after_seconds)
                self._send(reply)
                self.close_connection = self.close_connection or reply.closes
            case Garbage(data):
                self.wfile.write(data)
                self.close_connection = True
            case Odd.HANG:
                self.server.stopping.wait()
                self.close_connection = True
            case Odd.RESET:
                self._reset()
                self.close_connection = True

    def _hear(self, stream: Stream) -> None:
        match self.server.react(Asked(stream.method, stream.path, stream.headers, stream.body)):
            case Reply() as reply if reply.after_seconds:
                stream.later(reply.after_seconds, lambda: _answer(stream, reply))
            case Reply() as reply:
                _answer(stream, reply)
            case Garbage(data):
                stream.connection.connection.sendall(data)
                raise Ended
            case Odd.RESET:
                stream.reset()

    def _joined_headers(self) -> dict[str, str]:
        joined: dict[str, str] = {}
        for name, value in self.headers.items():
            known = joined.get(name.lower())
            joined[name.lower()] = value if known is None else f"{known}, {value}"
        return joined

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status not in (204, 304):
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def _reset(self) -> None:
        """Taken from its SSL object: that one would say goodbye first."""
        plain = socket.socket(fileno=self.connection.detach())
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        plain.close()


def _answer(stream: Stream, reply: Reply) -> None:
    stream.answer(reply.status, reply.body, reply.headers)
    if reply.closes:
        raise Ended


def _wake(connection: socket.socket) -> None:
    """Ends what its thread waits for, past the SSL object, which must not be touched by two threads."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
