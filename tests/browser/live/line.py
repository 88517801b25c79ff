"""The line between one browser and the server, which can be cut, go dead without a word, or let no socket through."""

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from enum import Enum

_AT_ONCE = 65_536
_LOOK_SECONDS = 0.05
_REFUSED = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Mode(Enum):
    OPEN = "open"
    CUT = "cut"  # what was open breaks, and nothing can be opened
    DEAD = "dead"  # sockets do not break, and nothing comes through any more: as for a laptop that wakes up elsewhere
    NO_SOCKETS = "no sockets"  # as behind a proxy that knows none


class Line:
    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._mode = Mode.OPEN
        self._deaths = 0
        self._open: set[socket.socket] = set()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._over = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def is_now(self, mode: Mode) -> None:
        """What goes over it at that moment breaks. Where it goes dead, sockets alone do not break, and stay dead for
        good; browsers close the other connections themselves when they fall asleep."""
        if mode is Mode.DEAD:
            self._deaths += 1
            self._open -= self._sockets
        self._mode = mode
        self.hang_up()

    def hang_up(self) -> None:
        for one in list(self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._over.set()
        self._listener.close()
        self.hang_up()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                browser, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(browser,), daemon=True).start()

    def _serve(self, browser: socket.socket) -> None:
        with browser, contextlib.suppress(OSError):
            if self._mode is Mode.CUT:
                return
            with socket.create_connection(("127.0.0.1", self._server_port)) as server:
                if self._mode is not Mode.DEAD:
                    self._open |= {browser, server}
                try:
                    self._carry(browser, server)
                finally:
                    self._open -= {browser, server}
                    self._sockets -= {browser, server}

    def _carry(self, browser: socket.socket, server: socket.socket) -> None:
        born = self._deaths - (self._mode is Mode.DEAD)
        other = {browser: server, server: browser}
        with selectors.DefaultSelector() as both:
            for one in other:
                both.register(one, selectors.EVENT_READ)
            while self._deaths == born:
                for key, _events in both.select(_LOOK_SECONDS):
                    said_by: socket.socket = key.fileobj  # type: ignore[assignment]
                    data = said_by.recv(_AT_ONCE)
                    if not data:
                        return
                    if b" /socket.io/" in data.split(b"\r\n", 1)[0]:
                        if self._mode is Mode.NO_SOCKETS:
                            browser.sendall(_REFUSED)
                            return
                        self._sockets |= {browser, server}
                    if self._deaths == born:
                        other[said_by].sendall(data)
        self._over.wait()


@contextlib.contextmanager
def line_to(port: int) -> Iterator[Line]:
    line = Line(port)
    try:
        yield line
    finally:
        line.close()
