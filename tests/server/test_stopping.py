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

from tests.databases import SECRET_KEY, settings_in
from tests.notifications.live_page import live_page, opened
from tests.server.crowd import sign_in
from tests.server.running import ROOT, Server, environment, free_port, is_up, running
from tests.server.visitors import Visitor
from webpush_app import start
from webpush_app.notifications.waking import FOLDER

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


@pytest.mark.parametrize("how", ["Ctrl-C", "SIGTERM"])
def test_sockets_are_told_to_come_back_and_hold_up_nothing(tmp_path: Path, password_hash: str, how: str) -> None:
    cookies = sign_in(start.prepare(settings_in(tmp_path)), password_hash, ["susan"])
    settings = {"SECRET_KEY": SECRET_KEY, "EMBEDDED_WORKER": "false", "PYTHONWARNINGS": "ignore"}
    with running(tmp_path, **settings) as server, ExitStack() as stack:
        pages = [stack.enter_context(live_page(server.port, cookies["susan"])) for _ in range(10)]
        stack.enter_context(opened(server.port, cookies["susan"]))
        said, began = len(server.lines), time.monotonic()
        assert len(list((tmp_path / FOLDER).iterdir())) == 1
        # As whoever keeps the service running does it: the server is told, and waited for.
        server.process.send_signal(signal.SIGINT if how == "Ctrl-C" else signal.SIGTERM)
        for page in pages:
            # No farewell, after which the client's library would not come back by itself.
            assert page.last_words(STOP_SECONDS) == []
            assert page.connection.close_code == 1001
        assert server.wait() in (0, 130)
        assert time.monotonic() - began < STOP_SECONDS
        assert server.lines[said:] == []
        assert list((tmp_path / FOLDER).iterdir()) == []


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
