"""The line between Firefox and its push service: JSON over a WebSocket that Firefox keeps open.

Firefox never answers a close frame, so the connection is cut to end it.
"""

import base64
import json
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

from tests.push.autopush_mailbox import Mailbox, Received

SUBPROTOCOL = Subprotocol("push-notification")


class Line:
    """All browsers' connections. While `is_down`, none gets through, and what is pushed waits."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.is_down = False
        self.broken_by: list[BaseException] = []
        self._connected: dict[str, ServerConnection] = {}
        self._lock = threading.Lock()
        self._server = serve(
            self._talk,
            "127.0.0.1",
            0,
            subprotocols=[SUBPROTOCOL],
            process_request=self._admit,
            ping_interval=None,
            close_timeout=0.1,
            max_size=1024 * 1024,
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="autopush sockets")

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.is_down = True
        self.cut()
        self._server.shutdown()
        self._thread.join()

    def cut(self) -> None:
        with self._lock:
            connected = list(self._connected.values())
        for connection in connected:
            with suppress(OSError):  # already gone
                connection.socket.shutdown(socket.SHUT_RDWR)

    def deliver(self, browser: str) -> None:
        """Sends what waits, if the browser is there; what it does not acknowledge is sent again when it is back."""
        with self._lock:
            connection = self._connected.get(browser)
        if connection is None or self.is_down:
            return
        with suppress(ConnectionClosed):
            for push in self.mailbox.take(browser, connection):
                connection.send(json.dumps(_notification(push)))

    def _admit(self, connection: ServerConnection, _request: Request) -> Response | None:
        return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "down\n") if self.is_down else None

    def _talk(self, connection: ServerConnection) -> None:
        browser = ""
        try:
            for text in connection:
                message = json.loads(text)
                if message.get("messageType") == "hello":
                    browser = self._greet(connection, message)
                elif (answer := self._answer(browser, message)) is not None:
                    connection.send(json.dumps(answer))
        except ConnectionClosed:
            pass
        except Exception as mistake:  # noqa: BLE001  websockets would only log it; it is raised when all ends
            self.broken_by.append(mistake)
        finally:
            with self._lock:
                if self._connected.get(browser) is connection:
                    del self._connected[browser]

    def _greet(self, connection: ServerConnection, message: Mapping[str, Any]) -> str:
        browser = self.mailbox.greet(message.get("uaid"))
        answer = {"messageType": "hello", "status": 200, "uaid": browser, "use_webpush": True, "broadcasts": {}}
        connection.send(json.dumps(answer))
        with self._lock:
            self._connected[browser] = connection
        self.deliver(browser)
        return browser

    def _answer(self, browser: str, message: Mapping[str, Any]) -> dict[str, object] | None:
        match message:
            case {"messageType": "register", "channelID": channel}:
                made = self.mailbox.register(browser, channel, message.get("key"))
                return _reply("register", channel, uaid=browser, pushEndpoint=made.endpoint)
            case {"messageType": "unregister", "channelID": channel}:
                self.mailbox.unregister(browser, channel)
                return _reply("unregister", channel)
            case {"messageType": "ack", "updates": updates}:
                for update in updates:
                    self.mailbox.acknowledge(update["version"], update["code"])
                return None
            case {"messageType": "broadcast_subscribe" | "nack"}:
                return None
            case {"messageType": "ping"}:
                return {"messageType": "ping"}
            case _ if not message:  # the short form of a ping
                return {}
        raise ValueError(f"Firefox says what nobody here understands: {message}")


def _reply(kind: str, channel: str, **more: str) -> dict[str, object]:
    return {"messageType": kind, "channelID": channel, "status": 200, **more}


def _notification(push: Received) -> dict[str, object]:
    return {
        "messageType": "notification",
        "channelID": push.registration.channel,
        "version": push.version,
        "ttl": push.ttl_seconds,
        "headers": {"encoding": push.headers["content-encoding"]},
        "data": base64.urlsafe_b64encode(push.body).rstrip(b"=").decode(),
    }
