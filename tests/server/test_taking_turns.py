"""One process serves everybody: who asks without pause has a turn like the others, and no more."""

import socket
import statistics
import threading
import time
from pathlib import Path
from typing import Self

import pytest

from tests.server.running import running
from tests.server.visitors import Visitor
from webpush_app.server import _LONGEST_LINE, Worker

pytestmark = pytest.mark.alone

REQUEST = b"GET /people HTTP/1.1\r\nHost: localhost\r\n"
MOST_ANSWERS_IN_BETWEEN = 10


class Greedy:
    """A client whose next request is there before the answer to the last one is sent."""

    def __init__(self, port: int) -> None:
        self.answers = 0
        self._connection = socket.socket()
        self._connection.settimeout(30)
        # Room for every answer: where the server had to wait for it, the others would be let in by that.
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_000_000)
        self._connection.connect(("127.0.0.1", port))
        self._reading = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._connection.sendall((REQUEST + b"\r\n") * 800 + REQUEST + b"Connection: close\r\n\r\n")
        self._reading.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._reading.join(timeout=30)
        self._connection.close()

    @property
    def is_busy(self) -> bool:
        return self._reading.is_alive()

    def _read(self) -> None:
        while received := self._connection.recv(65536):
            self.answers += received.count(b"HTTP/1.1 302")


def test_who_asks_without_pause_has_one_turn_among_the_others(tmp_path: Path) -> None:
    in_between = []
    with running(tmp_path) as server, Visitor(server.port) as patient:
        assert patient.get("/healthz").status == 200
        with Greedy(server.port) as greedy:
            while greedy.is_busy:
                time.sleep(0.01)
                before = greedy.answers
                assert patient.get("/healthz").status == 200
                in_between.append(greedy.answers - before)
    assert len(in_between) > 5
    assert statistics.mean(in_between) <= MOST_ANSWERS_IN_BETWEEN


class Crowd:
    """Clients without end, so many at once, who ask for sockets and get none."""

    def __init__(self, port: int, at_once: int) -> None:
        self.answers = 0
        self._port = port
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(at_once)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(timeout=30)

    def _ask(self) -> None:
        while not self._is_over.is_set():
            with socket.create_connection(("127.0.0.1", self._port), timeout=30) as connection:
                connection.sendall(b"GET /socket.io/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
                while connection.recv(65536):
                    pass
            self.answers += 1


def test_pages_go_before_whoever_wants_a_socket(tmp_path: Path) -> None:
    in_between = []
    with running(tmp_path) as server, Visitor(server.port) as patient, Crowd(server.port, 40) as crowd:
        for _ in range(40):
            time.sleep(0.05)
            before = crowd.answers
            assert patient.get("/healthz").status == 200
            in_between.append(crowd.answers - before)
    assert statistics.median(in_between) <= MOST_ANSWERS_IN_BETWEEN


def test_where_too_many_stand_in_line_for_a_socket_the_next_one_does_not() -> None:
    worker = Worker.__new__(Worker)
    worker._waiting = _LONGEST_LINE
    with Worker._one_by_one:  # somebody's turn does not end
        worker._wait_in_line()
