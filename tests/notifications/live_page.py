"""A page's socket, spoken by hand: what goes over the wire is what the tests see."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.people import Browser
from tests.server.visitors import COOKIE

QUERY = "EIO=4&transport=websocket"
PATH = f"/socket.io/?{QUERY}"
SOON_SECONDS = 10.0  # for what comes at once beside a busy machine
GONE_WITHIN_SECONDS = 2.0


class Closed(Exception):
    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class LivePage:
    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def hear(self, seconds: float = SOON_SECONDS) -> str:
        """The next packet; pings are answered, as the client's library does by itself."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                packet = self.connection.recv(timeout=max(0.0, deadline - time.monotonic()))
                assert isinstance(packet, str)
                if packet != "2":
                    return packet
                self.connection.send("3")
            except ConnectionClosed as closed:
                raise Closed(closed.rcvd.code if closed.rcvd else None) from None

    def say(self, packet: str | bytes) -> None:
        try:
            self.connection.send(packet)
        except ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else None) from None

    def join(self, auth: Any = None) -> Self:
        """As far as the answer; the events come after it."""
        self.say("40/notifs," + ("" if auth is None else json.dumps(auth)))
        assert self.hear().startswith('40/notifs,{"sid":')
        return self

    def event(self) -> tuple[str, Any]:
        packet = self.hear()
        assert packet.startswith("42/notifs,"), packet
        name, payload = json.loads(packet.removeprefix("42/notifs,"))
        return name, payload

    def news(self) -> Any:
        name, payload = self.event()
        assert name == "notification"
        return payload

    def hears_nothing(self, seconds: float = 0.5) -> bool:
        try:
            self.hear(seconds)
        except TimeoutError:
            return True
        return False

    def last_words(self, seconds: float = GONE_WITHIN_SECONDS) -> list[str]:
        """What it is still told before it is closed, which has to be within so long."""
        words, deadline = list[str](), time.monotonic() + seconds
        while True:
            try:
                words.append(self.hear(deadline - time.monotonic()))
            except Closed:
                return words

    def is_closed_within(self, seconds: float = GONE_WITHIN_SECONDS) -> bool:
        try:
            self.last_words(seconds)
        except TimeoutError:
            return False
        return True


@contextmanager
def opened(port: int, cookie: str, *, origin: str | None = None) -> Iterator[LivePage]:
    """Let in, and not joined yet."""
    own = f"http://localhost:{port}"
    with connect(
        f"ws://localhost:{port}{PATH}",
        origin=Origin(origin or own),
        additional_headers={"Cookie": f"{COOKIE}={cookie}"},
    ) as connection:
        page = LivePage(connection)
        assert page.hear().startswith('0{"sid":')
        yield page


@contextmanager
def live_page(port: int, cookie: str, since: Any = None) -> Iterator[LivePage]:
    """Joined, and greeted."""
    with opened(port, cookie) as page:
        page.join(None if since is None else {"since": since})
        name, payload = page.event()
        assert name == "response"
        assert payload["meta"] == "WS connected"
        yield page


def cookie_of(browser: Browser) -> str:
    cookie = browser.client.get_cookie(COOKIE)
    assert cookie is not None
    return str(cookie.value)
