"""An HTTPS server on 127.0.0.1 that says byte for byte what a test tells it, because what goes wrong between a sender
and a push service goes wrong below what a library for servers lets one say."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import parse_headers
from typing import Self

from tests.push.certificate import Certificate
from tests.push.http2 import LINGER_ZERO, Ended


@dataclass
class Talk:
    """One request, and the connection on which to answer it."""

    connection: ssl.SSLSocket
    path: str
    headers: dict[str, str]
    body: bytes
    service: "RawService"

    def say(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(self, status: int = 201, body: bytes = b"", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        self.say(f"HTTP/1.1 {status} Said\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body)

    def hang(self) -> None:
        """Until the sender has had enough."""
        while self.connection.recv(1024):
            pass
        raise Ended

    def drip(self, data: bytes, every_seconds: float = 0.05) -> None:
        """One byte after the other, for ever."""
        while not self.service.stopping.wait(every_seconds):
            self.say(data)
        raise Ended

    def reset(self) -> None:
        """Taken from its SSL object: that one would say goodbye first."""
        plain = socket.socket(fileno=self.connection.detach())
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        plain.close()
        raise Ended

    def end(self) -> None:
        """Without a word that it would: as a server does that has waited long enough."""
        raise Ended


Behaviour = Callable[[Talk], None]


def accept(talk: Talk) -> None:
    talk.answer(201)


@dataclass
class RawService:
    certificate: Certificate
    behave: Behaviour = accept
    asked: list[Talk] = field(default_factory=list)
    connections: int = 0
    open_connections: int = 0
    speaks: bool = True
    """Whether it greets at all; else it takes connections and is silent."""
    cuts_handshake: bool = False
    greets_after_seconds: float = 0.0
    reads_slowly: bool = False
    """A few bytes at a time, and never an answer."""

    protocols: Sequence[str] = ()
    """What it offers during the handshake."""

    def __post_init__(self) -> None:
        self.stopping = threading.Event()
        self.ended = threading.Condition()
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.certificate.certificate_file, self.certificate.key_file)
        if self.protocols:
            self._context.set_alpn_protocols(list(self.protocols))
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listening.settimeout(0.05)
        self.address: tuple[str, int] = self._listening.getsockname()

    def __enter__(self) -> Self:
        self._start(self._accept_all)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        with self.ended:
            for connection in list(self._sockets):
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=10)
            assert not thread.is_alive()
        self._listening.close()

    def wait_until_all_are_closed(self, seconds: float = 5.0) -> None:
        with self.ended:
            assert self.ended.wait_for(lambda: self.open_connections == 0, seconds), self.open_connections

    def _start(self, target: Callable[..., None], *args: object) -> None:
        self._threads.append(threading.Thread(target=target, args=args))
        self._threads[-1].start()

    def _accept_all(self) -> None:
        while not self.stopping.is_set():
            with contextlib.suppress(TimeoutError):
                plain, _peer = self._listening.accept()
                with self.ended:
                    self.connections += 1
                    self.open_connections += 1
                self._start(self._serve, plain)

    def _serve(self, plain: socket.socket) -> None:
        try:
            with self._greeted(plain) as connection:
                self._converse(connection)
        except (OSError, Ended, ValueError):
            pass  # the sender's or the test's way to end a connection
        finally:
            with self.ended:
                self.open_connections -= 1
                self.ended.notify_all()

    def _converse(self, connection: ssl.SSLSocket) -> None:
        with connection.makefile("rb") as reading:
            while self.reads_slowly and not self.stopping.wait(0.05) and connection.recv(1000):
                pass
            while not self.stopping.is_set():
                self._answer_one(connection, reading)

    @contextmanager
    def _greeted(self, plain: socket.socket) -> Iterator[ssl.SSLSocket]:
        plain.settimeout(None)
        with plain:
            self._sockets.add(plain)
            try:
                if not self.speaks:
                    self.stopping.wait()
                if self.cuts_handshake:
                    plain.recv(1)  # the sender has greeted: for it, the connection stands
                    plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
                    raise Ended
            finally:
                self._sockets.discard(plain)
            self.stopping.wait(self.greets_after_seconds)
            with self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as connection:
                self._sockets.add(connection)
                try:
                    connection.do_handshake()
                    yield connection
                finally:
                    self._sockets.discard(connection)

    def _answer_one(self, connection: ssl.SSLSocket, reading: "socket.SocketIO | object") -> None:
        line = reading.readline()  # type: ignore[union-attr]
        if not line:
            raise Ended
        headers = {name.lower(): value for name, value in parse_headers(reading).items()}  # type: ignore[arg-type]
        body = reading.read(int(headers.get("content-length", 0)))  # type: ignore[union-attr]
        talk = Talk(connection, line.decode().split()[1], headers, body, self)
        self.asked.append(talk)
        self.behave(talk)
