"""Clients that no page would be, so many a second, in a process of their own: `python -m soak.bad_handshakes PORT RATE
SECONDS`. A JSON line with cookies comes in, one that says how each ended goes out.

Each begins when it is due, whether or not the earlier ones have ended.
"""

import asyncio
import json
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass

from tests.server.upgrades import upgrade

PATH = "/socket.io/?EIO=4&transport=websocket"
CLOSED, OPEN = "closed", "left open"
LIVE, ENDED, FORGED = "live", "ended", "forged"
_JOIN = "40/notifs,{}"
_GREETING = b"WS connected"
_PATIENCE_SECONDS = 30.0
_TEXT, _BINARY = 0x81, 0x82
_FULL = ("429", "503")  # who asks again and again is refused before anything is looked up, or sent


@dataclass(frozen=True)
class Kind:
    name: str
    ends: tuple[str, ...]
    """What is right."""
    cookie: str | None = LIVE
    path: str = PATH
    changed: tuple[tuple[str, str | None], ...] = ()
    garbage: bytes = b""
    """Sent once it has joined, as every page does."""


def frame(opcode: int, content: bytes) -> bytes:
    """As a client has to mask it, with a mask that changes nothing."""
    length = struct.pack("!BH", 0x80 | 126, len(content)) if len(content) < 2**16 else b""
    length = bytes([0x80 | len(content)]) if len(content) < 126 else length
    return bytes([opcode]) + (length or struct.pack("!BQ", 0x80 | 127, len(content))) + bytes(4) + content


KINDS = (
    Kind("foreign origin", ("403",), changed=(("Origin", "https://evil.example"),)),
    Kind("no origin", ("403",), changed=(("Origin", None),)),
    Kind("no cookie", ("401",), cookie=None),
    Kind("forged cookie", ("401",), cookie=FORGED),
    Kind("ended session", ("401", *_FULL), cookie=ENDED),
    Kind("wrong transport", ("400",), path="/socket.io/?EIO=4&transport=polling"),
    Kind("no upgrade", ("400",), changed=(("Upgrade", None), ("Connection", "close"))),
    Kind("binary frame", (CLOSED, *_FULL), garbage=frame(_BINARY, b"\x00" * 64)),
    Kind("16 KiB frame", (CLOSED, *_FULL), garbage=frame(_TEXT, b"x" * 2**14)),
    Kind("1 MiB frame", (CLOSED, *_FULL), garbage=frame(_TEXT, b"x" * 2**20)),
    Kind("another namespace", (CLOSED, *_FULL), garbage=frame(_TEXT, b"40/admin,{}")),
    Kind("event", (CLOSED, *_FULL), garbage=frame(_TEXT, b'42/notifs,["join","user_1"]')),
    Kind("noise", (CLOSED, *_FULL), garbage=b"\xff\x00\xaa" * 100),
)


class Crowd:
    def __init__(self, port: int, cookies: dict[str, list[str]]) -> None:
        self.ends: dict[str, Counter[str]] = {kind.name: Counter() for kind in KINDS}
        self.most_at_once = self._now = 0
        self._port = port
        self._cookies = cookies

    async def run(self, rate: float, seconds: float) -> float:
        """How many a second they were in truth."""
        began, tries = time.monotonic(), int(rate * seconds)
        async with asyncio.TaskGroup() as group:
            for number in range(tries):
                await asyncio.sleep(began + number / rate - time.monotonic())
                group.create_task(self._try(KINDS[number % len(KINDS)], number // len(KINDS)))
            took = time.monotonic() - began
        return tries / max(took, seconds)

    async def _try(self, kind: Kind, number: int) -> None:
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            end = await asyncio.wait_for(self._ask(kind, number), _PATIENCE_SECONDS)
        except TimeoutError:
            end = OPEN
        except (OSError, asyncio.IncompleteReadError):
            end = CLOSED
        self._now -= 1
        self.ends[kind.name][end] += 1

    async def _ask(self, kind: Kind, number: int) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(self._request(kind, number))
            status = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
            if status != "101":
                return status
            writer.write(frame(_TEXT, _JOIN.encode()))
            if kind.garbage:
                await reader.readuntil(_GREETING)
                writer.write(kind.garbage)
            while await reader.read(2**16):
                pass
            return CLOSED
        finally:
            writer.transport.abort()

    def _request(self, kind: Kind, number: int) -> bytes:
        cookies = self._cookies.get(kind.cookie or "", [None])
        headers = upgrade(self._port, cookies[number % len(cookies)], **dict(kind.changed))
        lines = [f"GET {kind.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode()


def main() -> None:
    port, rate, seconds = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    crowd = Crowd(port, json.loads(sys.stdin.readline()))
    in_truth = asyncio.run(crowd.run(rate, seconds))
    print(json.dumps({"ends": crowd.ends, "rate": in_truth, "most_at_once": crowd.most_at_once}))


if __name__ == "__main__":
    main()
