"""Servers behind nginx that are not well: what they were asked is kept."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Ill:
    """Reads what it is asked. Then it hangs, or closes the connection without a word."""

    listener: socket.socket
    hangs: bool
    said: list[str] = field(default_factory=list)
    _open: list[socket.socket] = field(default_factory=list)

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    @property
    def asked(self) -> list[str]:
        return [said.partition(" HTTP/")[0] for said in self.said]

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:  # it is over
                return
            self._open.append(connection)
            self.said.append(connection.recv(65536).decode())
            if not self.hangs:
                connection.close()

    def close(self) -> None:
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self._open:
            connection.close()


@contextmanager
def ill(*, hangs: bool) -> Iterator[Ill]:
    server = Ill(socket.create_server(("127.0.0.1", 0)), hangs)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(timeout=10)
