"""A WebSocket as the engine wants one, and as narrow as pages need it: they join one namespace and answer pings.

Whatever else a client sends closes its connection here, before anything reads it. Nothing is compressed: that would
cost a socket several times its memory, and let a small frame become a large one.
"""

import json
import re
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Event, Message, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, generate_accept_token

NAMESPACE = "/notifs"
PING_EVERY_SECONDS = 25
PONG_WITHIN_SECONDS = 20
LONGEST_MESSAGE = 4096
SEAT = "webpush.seat"  # in the WSGI environment: who this connection was let in for

_SILENT_FOR_SECONDS = PING_EVERY_SECONDS + PONG_WITHIN_SECONDS + 5.0
_READ_BYTES = 4096
# A page sends a few words at the beginning and one for each ping. Reading does not give way to others while there is
# something to read, so nobody may make it go on for long. Each read and each frame is a step.
_STEPS_AT_ONCE = 32.0
_STEPS_PER_SECOND = 1.0
_PONG = "3"
_JOIN = re.compile(rf"40{NAMESPACE},?(\{{.*\}})?", re.DOTALL)
_FAREWELL = f"41{NAMESPACE},"


class Wire:
    """Made anew by the engine for each connection: called once, for as long as it lasts."""

    def __init__(self, handle: Callable[["Wire"], Any], _server: Any) -> None:
        self._handle = handle
        self._protocol = Connection(ConnectionType.SERVER)
        self._connection: Any = None
        self._writing = threading.Lock()
        self._arrived: deque[str] = deque()
        self._begun = ""
        self._has_joined = False
        self._steps_left, self._stepped_at = _STEPS_AT_ONCE, time.monotonic()

    def __call__(self, environ: dict[str, Any], _start_response: Callable[..., Any]) -> Iterable[bytes]:
        self._connection = environ.get("gunicorn.socket") or environ["werkzeug.socket"]
        token = generate_accept_token(environ["HTTP_SEC_WEBSOCKET_KEY"].encode())
        with suppress(OSError):  # gone already: then nothing can be read either, and the engine tidies up
            self._connection.settimeout(_SILENT_FOR_SECONDS)
            self._connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + token + b"\r\n\r\n"
            )
        environ[SEAT].wire = self
        self._handle(self)
        self.close()
        return []

    def wait(self) -> str | None:
        """What came next; None once this is over."""
        while not self._arrived:
            try:
                self._read()
            except Refused as refused:
                self.close(refused.reason)
                return None
            except (OSError, LocalProtocolError):
                self.close()
                return None
        return self._arrived.popleft()

    def send(self, text: str) -> None:
        with self._writing:
            self._connection.sendall(self._protocol.send(TextMessage(data=text)))

    def close(self, reason: CloseReason = CloseReason.NORMAL_CLOSURE, *, is_for_good: bool = False) -> None:
        """At once, whatever the other side does. `is_for_good`: a page should not come back by itself."""
        if self._writing.acquire(blocking=False):  # else something is stuck there, or still under way
            try:
                words = self._protocol.send(TextMessage(data=_FAREWELL)) if is_for_good else b""
                self._connection.settimeout(0)
                self._connection.send(words + self._protocol.send(CloseConnection(reason)))
            except (OSError, LocalProtocolError):  # closed already
                pass
            finally:
                self._writing.release()
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)  # wakes who reads or writes here

    def _read(self) -> None:
        self._step()
        data = self._connection.recv(_READ_BYTES)
        if not data:
            raise BrokenPipeError
        self._protocol.receive_data(data)
        for event in self._protocol.events():
            self._take(event)

    def _step(self) -> None:
        now = time.monotonic()
        since = now - self._stepped_at
        self._steps_left, self._stepped_at = min(_STEPS_AT_ONCE, self._steps_left + since * _STEPS_PER_SECOND) - 1, now
        if self._steps_left < 0:
            raise Refused(CloseReason.POLICY_VIOLATION)

    def _take(self, event: Event) -> None:
        self._step()
        match event:
            case TextMessage():
                self._take_text(event)
            case Ping():
                with self._writing:
                    self._connection.sendall(self._protocol.send(event.response()))
            case Pong():
                pass
            case CloseConnection():  # theirs, or the answer to frames that are none
                raise Refused(CloseReason(event.code) if event.code in _SAYABLE else CloseReason.NORMAL_CLOSURE)
            case _:
                raise Refused(CloseReason.UNSUPPORTED_DATA)

    def _take_text(self, event: Message[str]) -> None:
        self._begun += event.data
        if len(self._begun) > LONGEST_MESSAGE:
            raise Refused(CloseReason.MESSAGE_TOO_BIG)
        if event.message_finished:
            text, self._begun = self._begun, ""
            self._check_words(text)
            self._arrived.append(text)

    def _check_words(self, text: str) -> None:
        if text == _PONG:
            return
        joining = _JOIN.fullmatch(text)
        if joining is None or self._has_joined or not _is_json(joining.group(1)):
            raise Refused(CloseReason.POLICY_VIOLATION)
        self._has_joined = True


class Refused(Exception):
    def __init__(self, reason: CloseReason) -> None:
        super().__init__(reason)
        self.reason = reason


_SAYABLE = {
    CloseReason.NORMAL_CLOSURE,
    CloseReason.GOING_AWAY,
    CloseReason.PROTOCOL_ERROR,
    CloseReason.INVALID_FRAME_PAYLOAD_DATA,
    CloseReason.MESSAGE_TOO_BIG,
}


def _is_json(text: str | None) -> bool:
    try:
        json.loads(text or "{}")
    except (ValueError, RecursionError):
        return False
    return True
