"""The connection over which Google's backend brings pushes to Chromium (MCS): frames of a tag, a length and a message.

Each side counts what it has got and says the number with what it sends next: that is how the other learns what arrived.
"""

import asyncio
import io
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import IntEnum

from tests.push.chromium_protobuf import Fields, Found, decode, encode, number_in, read_varint, texts_in, varint
from tests.push.chromium_registry import Device, Received, Registry
from tests.push.verifier import Refused

VERSION = 41
OLDEST_VERSION = 38
END_OF_NUMBER = 0x80


class Tag(IntEnum):
    HEARTBEAT = 0
    HEARTBEAT_ACK = 1
    LOGIN = 2
    LOGIN_ANSWER = 3
    CLOSE = 4
    IQ = 7
    DATA = 8


# The field of a frame in which a browser says how many of our frames it has got.
LAST_RECEIVED = {Tag.HEARTBEAT: 2, Tag.HEARTBEAT_ACK: 2, Tag.IQ: 10, Tag.DATA: 11}


@asynccontextmanager
async def listening(
    context: ssl.SSLContext, registry: Registry, on_change: Callable[[], None], on_problem: Callable[[Exception], None]
) -> AsyncIterator[int]:
    """On a free port of this machine; when it is over, all connections are closed."""
    open_now: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_now.add(task)
        try:
            await Connection(reader, writer, registry).serve(on_change)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass  # one of the two sides has gone away
        except Exception as problem:  # noqa: BLE001 - raised when the backend ends, where a test sees it
            on_problem(problem)
        finally:
            writer.transport.abort()
            open_now.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in open_now:
            task.cancel()
        await asyncio.gather(*open_now)
        await server.wait_closed()


@dataclass(eq=False)
class Connection:
    """To one browser; closed by either side."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    registry: Registry
    frames_received: int = 0
    frames_sent: int = 0
    delivered: dict[int, str] = field(default_factory=dict)
    """Persistent ids by the number of their frame, until the browser has said that it has them."""

    async def serve(self, on_change: Callable[[], None]) -> None:
        """Until either side has enough. `on_change` is called when somebody may have waited for what has happened."""
        device = await self._login()
        device.connect(self)
        on_change()
        try:
            while True:
                tag, found = await self._read()
                if tag == Tag.CLOSE:
                    return
                self._acknowledge(device, number_in(found, LAST_RECEIVED[tag]))
                on_change()
                if tag == Tag.HEARTBEAT:
                    self._send(Tag.HEARTBEAT_ACK, [(2, self.frames_received)])
        finally:
            device.disconnect(self)
            on_change()

    def deliver(self, push: Received) -> None:
        registration = push.registration
        self.delivered[self.frames_sent + 1] = push.persistent_id
        values = {"subtype": registration.subtype, "content-encoding": push.headers["content-encoding"]}
        self._send(
            Tag.DATA,
            [
                (3, registration.application_server_key),
                (5, registration.app),
                *((7, encode([(1, key), (2, value)])) for key, value in values.items()),
                (9, push.persistent_id),
                (11, self.frames_received),
                (17, push.ttl_seconds),
                (18, int(push.at_seconds * 1000)),
                (21, push.body),
                (24, 1),  # said at once that it has arrived, so that a test need not wait for the tenth
            ],
        )

    async def _login(self) -> Device:
        version = (await self.reader.readexactly(1))[0]
        if version < OLDEST_VERSION:
            raise Refused(400, f"MCS version {version} is too old")
        self.writer.write(bytes([VERSION]))
        tag, found = await self._read()
        if tag != Tag.LOGIN:
            raise Refused(400, f"the first frame is not a login, but {tag!r}")
        device = self.registry.device("".join(texts_in(found, 3)), "".join(texts_in(found, 5)))
        for persistent_id in texts_in(found, 10):
            device.acknowledge(persistent_id)
        self._send(Tag.LOGIN_ANSWER, [(1, "login"), (6, self.frames_received), (8, int(time.time() * 1000))])
        return device

    def _acknowledge(self, device: Device, last_received: int) -> None:
        for number in [number for number in self.delivered if number <= last_received]:
            device.acknowledge(self.delivered.pop(number))

    def _send(self, tag: Tag, fields: Fields) -> None:
        message = encode(fields)
        self.frames_sent += 1
        self.writer.write(bytes([tag]) + varint(len(message)) + message)

    async def _read(self) -> tuple[Tag, Found]:
        tag = Tag((await self.reader.readexactly(1))[0])
        length = b""
        while not length or length[-1] >= END_OF_NUMBER:
            length += await self.reader.readexactly(1)
        message = await self.reader.readexactly(read_varint(io.BytesIO(length)))
        self.frames_received += 1
        return tag, decode(message)
