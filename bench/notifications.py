"""Open pages ask `/notifications?since=` every few seconds: how many such questions a second, ours and a peer's."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bench.connection import Connection, connected
from bench.figures import median, p95, show, tell
from bench.load import drive
from bench.sending import poster
from bench.site import serving, signed_in
from tests.server.running import ROOT, free_port

_BROWSERS = 8
_SECONDS = 2.5
_ROUNDS = 6  # short and many: what else the machine does then meets every side alike
_START_SECONDS = 20.0

Ask = Callable[[], None]


def measure(folder: Path) -> None:
    tell(f"notifications: {_ROUNDS} rounds of three servers")
    with ExitStack() as stack:
        sides = {
            "ours": stack.enter_context(_ours(folder / "notifications")),
            "with": stack.enter_context(_peer(folder / "peer-with-last-seen", last_seen=True)),
            "without": stack.enter_context(_peer(folder / "peer-without-last-seen", last_seen=False)),
        }
        for asks in sides.values():
            drive(asks, 0.5)
        taken: dict[str, list[list[float]]] = {name: [] for name in sides}
        for _ in range(_ROUNDS):
            for name, asks in sides.items():
                taken[name].append(drive(asks, _SECONDS))
    _show("polls_per_second", taken["ours"], taken["with"], "tutorial: last_seen committed at each request")
    _show("polls_per_second", taken["ours"], taken["without"], "tutorial without its last_seen commit")


def _show(figure: str, ours: list[list[float]], theirs: list[list[float]], peer: str) -> None:
    rates, peer_rates = ([len(times) / _SECONDS for times in side] for side in (ours, theirs))
    times, peer_times = ([taken for times in side for taken in times] for side in (ours, theirs))
    show(
        figure,
        median(rates),
        f"GET /notifications?since= with nothing new, {_BROWSERS} keep-alive connections, one gunicorn gevent worker "
        f"each, SQLite; median of {_ROUNDS} interleaved rounds of {_SECONDS} s, "
        f"{min(rates):.0f} to {max(rates):.0f}, peer {min(peer_rates):.0f} to {max(peer_rates):.0f}; "
        f"p50/p95 {median(times):.1f}/{p95(times):.1f} ms, peer {median(peer_times):.1f}/{p95(peer_times):.1f} ms",
        peer=peer,
        peer_value=median(peer_rates),
        more_is_better=True,
    )


@contextmanager
def _ours(folder: Path) -> Iterator[list[Ask]]:
    people = [f"reader-{number}" for number in range(_BROWSERS)]
    with serving(folder, [*people, "writer"]) as site, signed_in(site, [*people, "writer"]) as connections:
        for name in people:
            poster(connections[-1], name)()
        yield [_asker(connection) for connection in connections[:-1]]


@contextmanager
def _peer(folder: Path, *, last_seen: bool) -> Iterator[list[Ask]]:
    folder.mkdir()
    with _peer_process(folder, last_seen) as port, connected(port, _BROWSERS) as connections:
        for number, connection in enumerate(connections):
            connection.open(f"/enter/reader-{number}").expect(200)
        yield [_asker(connection) for connection in connections]


@contextmanager
def _peer_process(folder: Path, last_seen: bool) -> Iterator[int]:
    port = free_port()
    options = f"--worker-class gevent --workers 1 --worker-connections 2000 --keep-alive 15 --bind 127.0.0.1:{port}"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "gunicorn", *options.split(), "--log-level", "warning", "--no-control-socket"),
            *("--pythonpath", str(ROOT), "bench.tutorial_peer:create_app()"),
        ],
        cwd=folder,  # in the project's own folder gunicorn would find our configuration
        env={
            **os.environ,
            "TUTORIAL_DATABASE": str(folder / "peer.sqlite3"),
            "TUTORIAL_LAST_SEEN": str(int(last_seen)),
        },
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=40)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            Connection(port).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the peer did not start")


def _asker(connection: Connection) -> Ask:
    """Asks for what is newer than the newest there is, and insists that nothing is."""
    newest = json.loads(connection.get("/notifications?since=0").expect(200).body)[-1]["timestamp"]
    request = connection.prepare("GET", f"/notifications?since={newest!r}")
    return partial(_ask, connection, request)


def _ask(connection: Connection, request: bytes) -> None:
    body = connection.send(request).expect(200).body
    if body.strip() != b"[]":
        raise AssertionError(f"nothing new was expected, not {body[:200]!r}")
