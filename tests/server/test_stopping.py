"""Ctrl-C and SIGTERM end the service within three seconds and in silence, whoever is still connected."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.server.running import ROOT, Server, environment, free_port, is_up, running
from tests.server.visitors import Visitor

STOP_SECONDS = 8.0  # three, and the machine may be busy


@contextmanager
def lingerers(port: int) -> Iterator[None]:
    """A kept-alive connection that is idle, a connection that asks nothing, and a request that never ends."""
    with ExitStack() as connections:
        idle = connections.enter_context(Visitor(port))
        assert idle.get("/healthz").status == 200
        for begun in (
            b"",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
            b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nusername=a",
        ):
            connection = connections.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
            connection.sendall(begun)
        assert is_up(port)
        yield


def check_it_ends(server: Server, how: str) -> None:
    began = time.monotonic()
    code = server.press_ctrl_c() if how == "Ctrl-C" else server.stop(getattr(signal, how))
    assert time.monotonic() - began < STOP_SECONDS
    assert code in ((0, 130) if how != "SIGTERM" else (0,))
    assert server.is_wholly_gone()
    with socket.socket() as next_one:
        next_one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        next_one.bind(("127.0.0.1", server.port))
        next_one.listen()


@pytest.mark.parametrize(
    ("how", "is_visited"),
    [("Ctrl-C", False), ("Ctrl-C", True), ("SIGINT", True), ("SIGTERM", False), ("SIGTERM", True)],
)
def test_it_stops_at_once_and_in_silence(tmp_path: Path, how: str, is_visited: bool) -> None:
    with running(tmp_path, PYTHONWARNINGS="ignore") as server:  # gunicorn leaves a file open
        said = len(server.lines)
        with lingerers(server.port) if is_visited else ExitStack():
            check_it_ends(server, how)
    assert server.lines[said:] == []


PRESS_CTRL_C_WHEN_IMPORTING = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize(
    "module", ["flask", "alembic", "gunicorn.arbiter"], ids=["first imports", "later imports", "gunicorn's imports"]
)
def test_ctrl_c_while_it_is_still_starting_is_silent_too(tmp_path: Path, module: str) -> None:
    """The signal comes at exactly this import, which one cannot hit from outside."""
    (tmp_path / "sitecustomize.py").write_text(PRESS_CTRL_C_WHEN_IMPORTING.format(module=module), encoding="utf-8")
    settings = environment(tmp_path / "instance", free_port(), PYTHONPATH=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "app.py"], cwd=ROOT, env=settings, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode in (0, 130, -signal.SIGINT)
    assert done.stdout == done.stderr == ""
