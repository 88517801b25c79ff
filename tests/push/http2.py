"""A server's side of one HTTP/2 connection, over h2: requests are handed on when they are whole, and may be answered at
any time, in any order, or badly. One thread has a connection to itself, and waits for nothing but the other side."""

import contextlib
import heapq
import itertools
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable, Mapping

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, RequestReceived, StreamEnded, StreamReset, WindowUpdated
from h2.exceptions import StreamClosedError
from hyperframe.frame import GoAwayFrame

MOST_POURED = 262_144
# On, for no seconds: closing then cuts the connection instead of ending it.
LINGER_ZERO = struct.pack("ii", 1, 0)


class Ended(Exception):
    """This connection is over."""


class Stream:
    """One request, and the way to answer it."""

    def __init__(self, connection: "Http2", number: int, headers: list[tuple[str, str]]) -> None:
        self.connection = connection
        self.number = number
        self.body = b""
        self.headers: dict[str, str] = {}
        pseudo = dict(headers)
        self.method, self.path = pseudo[":method"], pseudo[":path"]
        for name, value in [("host", pseudo[":authority"]), *headers]:
            if not name.startswith(":"):
                self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value

    def answer(self, status: int = 201, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.begin(status, {"content-length": str(len(body)), **(headers or {})} if status != 204 else headers or {})
        self.pour(body)

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        named = [(name.lower(), value) for name, value in headers.items()]
        self.connection.state.send_headers(self.number, [(":status", str(status)), *named])
        self.connection.flush()

    def say(self, data: bytes) -> None:
        """A part of the body; more may follow."""
        self.connection.state.send_data(self.number, data)
        self.connection.flush()

    def pour(self, body: bytes) -> None:
        """The rest of the body, as fast as the other side takes it."""
        self.connection.pouring[self.number] = body
        self.connection.pour()

    def reset(self, code: int = 2) -> None:
        self.connection.state.reset_stream(self.number, code)
        self.connection.flush()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        self.connection.later(seconds, action)


class Http2:
    def __init__(self, connection: ssl.SSLSocket, heard: Callable[[Stream], None], most_streams: int = 100) -> None:
        self.connection = connection
        self.state = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.state.local_settings.max_concurrent_streams = most_streams
        self.pouring: dict[int, bytes] = {}
        self.streams: dict[int, Stream] = {}
        self._heard = heard
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    def run(self) -> None:
        """Until somebody ends it."""
        self.state.initiate_connection()
        self.flush()
        while True:
            self._wait()
            data = self.connection.recv(65536)
            if not data:
                raise Ended
            for event in self.state.receive_data(data):
                self._take(event)
            self.flush()

    def flush(self) -> None:
        if data := self.state.data_to_send():
            self.connection.sendall(data)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (time.monotonic() + seconds, next(self._numbers), action))

    def pour(self) -> None:
        """Of all bodies as much as the other side takes now, but never so much that nothing else is heard."""
        for number in list(self.pouring):
            with contextlib.suppress(StreamClosedError):
                ends = len(self.pouring[number]) - MOST_POURED
                while len(self.pouring[number]) > max(ends, 0) and (room := self._room(number)):
                    self.state.send_data(number, self.pouring[number][:room])
                    self.pouring[number] = self.pouring[number][room:]
                if not self.pouring[number]:
                    self.state.end_stream(number)
                elif room:
                    self.later(0.0, self.pour)
            if not self.pouring[number]:
                del self.pouring[number]
        self.flush()

    def go_away(self, last_stream: int, code: int = 0) -> None:
        """Streams after that one are not looked at; those before may still be answered. Past h2, which would not."""
        self.connection.sendall(GoAwayFrame(0, last_stream_id=last_stream, error_code=code).serialize())

    def end(self) -> None:
        """When all that the other side had to say was heard: else it would be cut."""
        deadline = time.monotonic() + 0.05
        while select.select([self.connection], [], [], max(0.0, deadline - time.monotonic()))[0]:
            if not self.connection.recv(65536):
                break
        raise Ended

    def cut(self) -> None:
        """Taken from its SSL object: that one would say goodbye first."""
        plain = socket.socket(fileno=self.connection.detach())
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_ZERO)
        plain.close()
        raise Ended

    def _wait(self) -> None:
        """Until there is something to read; what is due meanwhile is done."""
        while not self.connection.pending():
            seconds = self._due[0][0] - time.monotonic() if self._due else None
            if seconds is None or seconds > 0:
                readable, _, _ = select.select([self.connection], [], [], seconds)
                if readable:
                    break
            while self._due and self._due[0][0] <= time.monotonic():
                with contextlib.suppress(StreamClosedError):  # who asked has had enough
                    heapq.heappop(self._due)[2]()

    def _room(self, number: int) -> int:
        return min(self.state.local_flow_control_window(number), self.state.max_outbound_frame_size)

    def _take(self, event: object) -> None:
        match event:
            case RequestReceived(stream_id=number, headers=headers):
                self.streams[number] = Stream(self, number, [(str(name), str(value)) for name, value in headers])
            case DataReceived(stream_id=number, data=data, flow_controlled_length=length):
                self.streams[number].body += data
                self.state.acknowledge_received_data(length, number)
            case StreamEnded(stream_id=number):
                self._heard(self.streams.pop(number))
            case StreamReset(stream_id=number):
                self.streams.pop(number, None)
                self.pouring.pop(number, None)
            case WindowUpdated():
                self.pour()
            case ConnectionTerminated():
                raise Ended
