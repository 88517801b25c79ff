"""The sockets of many open pages, in a process of its own: `python -m soak.open_pages SITE`, with the file of
a CA behind it where the site is at https. Each page does what the
site's own script does: it joins with what it had last, answers pings, and comes back when it is cut off.

The first line that it reads is the list of the pages' cookies, each line after that one word, `connect` or `cut`. What
happens is told in JSON lines: [page, what, when, more]. All processes of a machine have the same "when".
"""

import asyncio
import json
import random
import resource
import ssl
import sys
import time
from collections.abc import Iterable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin

from tests.server.visitors import COOKIE

GREETED, NEWS, DROPPED, FAILED = "greeted", "news", "dropped", "failed"
CONNECT, CUT = "connect", "cut"
_EVENT = "42/notifs,"
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 15.0
_PATIENCE_SECONDS = 60.0
_MOST_FILES = 8192


class Page:
    def __init__(self, number: int, site: str, trusting: ssl.SSLContext | None, cookie: str) -> None:
        self._number = number
        self._site = site
        self._trusting = trusting
        self._cookie = cookie
        self._since = 0.0
        self._is_over = asyncio.Event()
        self._is_greeted = False
        self._connection: ClientConnection | None = None

    def cut(self) -> None:
        """As when a network goes away: nobody says farewell."""
        self._is_over.set()
        if self._connection is not None:
            self._connection.transport.abort()

    async def stay(self) -> None:
        failures = 0
        self._is_over.clear()
        while True:
            self._is_greeted = False
            trouble = await self._connect_and_listen()
            if self._is_over.is_set():
                return
            failures = 0 if self._is_greeted else failures + 1
            _tell(self._number, DROPPED if self._is_greeted else FAILED, trouble)
            longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** max(0, failures - 1))
            await asyncio.sleep(longest * random.uniform(0.5, 1))

    async def _connect_and_listen(self) -> str:
        """How it ended."""
        try:
            async with connect(
                f"{self._site.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket",
                ssl=self._trusting,
                origin=Origin(self._site),
                additional_headers={"Cookie": f"{COOKIE}={self._cookie}"},
                compression=None,
                ping_interval=None,
                open_timeout=_PATIENCE_SECONDS,
            ) as self._connection:
                async for packet in self._connection:
                    await self._take(self._connection, str(packet))
            return f"closed: {self._connection.close_code}"
        except (OSError, WebSocketException) as trouble:
            return repr(trouble)

    async def _take(self, connection: ClientConnection, packet: str) -> None:
        if packet == "2":
            await connection.send("3")
        elif packet.startswith("0{"):
            await connection.send("40/notifs," + json.dumps({"since": self._since}))
        elif packet.startswith(_EVENT):
            name, payload = json.loads(packet.removeprefix(_EVENT))
            self._hear(name, payload)

    def _hear(self, name: str, payload: Any) -> None:
        if name == "response":
            self._is_greeted = True
            _tell(self._number, GREETED, payload["user"])
        else:
            self._since = max(self._since, *(one["timestamp"] for one in payload))
            _tell(self._number, NEWS, payload)


async def _run(site: str, ca_file: str | None, cookies: Iterable[str]) -> None:
    trusting = ssl.create_default_context(cafile=ca_file) if ca_file else None
    pages = [Page(number, site, trusting, cookie) for number, cookie in enumerate(cookies)]
    staying: list[asyncio.Task[None]] = []
    while word := (await asyncio.to_thread(sys.stdin.readline)).strip():
        if word == CONNECT:
            staying = [asyncio.create_task(page.stay()) for page in pages]
        elif word == CUT:
            for page in pages:
                page.cut()
            await asyncio.gather(*staying)
    for task in staying:
        task.cancel()


def _tell(number: int, what: str, more: Any) -> None:
    sys.stdout.write(json.dumps([number, what, time.monotonic(), more]) + "\n")
    sys.stdout.flush()


def main() -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(_MOST_FILES, hard), hard))
    site, ca_file = (*sys.argv[1:], None)[:2]
    assert site is not None
    asyncio.run(_run(site, ca_file, json.loads(sys.stdin.readline())))


if __name__ == "__main__":
    main()
