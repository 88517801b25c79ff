"""An HTTPS server on 127.0.0.1 that speaks HTTP/2 alone, and does with each stream what a test tells it."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.protocol.raw_service import RawService
from tests.push.http2 import Http2, Stream

On = Callable[[Stream], None]


@dataclass
class Http2Service(RawService):
    protocols: tuple[str, ...] = ("h2",)
    on: On = Stream.answer
    most_streams: int = 100
    heard: list[Stream] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def _converse(self, connection: ssl.SSLSocket) -> None:
        Http2(connection, self._hear, self.most_streams).run()

    def _hear(self, stream: Stream) -> None:
        with self.changed:
            self.heard.append(stream)
            self.changed.notify_all()
        self.on(stream)

    @property
    def paths(self) -> list[str]:
        return [stream.path for stream in self.heard]
