"""What wakes a loop that waits for sockets: anybody may ring, from any thread, also when nobody waits any more."""

import socket
from contextlib import suppress
from threading import Lock


class Bell:
    def __init__(self) -> None:
        self._heard, self._rung = socket.socketpair()
        self._heard.setblocking(False)
        self._rung.setblocking(False)
        self._lock = Lock()
        self._is_open = True

    def fileno(self) -> int:
        """Readable when it was rung."""
        return self._heard.fileno()

    def ring(self) -> None:
        with self._lock:
            if self._is_open:
                with suppress(BlockingIOError):  # nobody has listened for long: it rings already
                    self._rung.send(b"!")

    def quieten(self) -> None:
        with suppress(BlockingIOError):
            while len(self._heard.recv(4096)) == 4096:
                pass

    def close(self) -> None:
        with self._lock:
            self._is_open = False
            self._heard.close()
            self._rung.close()
