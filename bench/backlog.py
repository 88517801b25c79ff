"""A broadcast to a million browsers: how fast it is put into the outbox, how long others wait meanwhile, and what
memory the worker takes beside a million rows that wait.

The browsers are written by SQL: a few thousand keys, each used by many. Nobody waits until all pushes are sent.
"""

import sqlite3
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from sqlalchemy import text

from bench import subscribers
from bench.answering import taking
from bench.figures import median, p99, show, tell, time_once
from bench.sending import poster
from bench.site import serving, signed_in
from bench.subscribers import CONTACT, Subscribers
from tests.push.worker_process import Worker, pushing
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import begin_write, db

BROWSERS = 1_000_000
_REAL = 2000
_PATIENCE_SECONDS = 300.0
_REST_SECONDS = 0.02
_COPIES = """
INSERT INTO push_subscriptions (fingerprint, endpoint, service_id, p256dh, auth, vapid_public_key, browser, locale,
                                created_at, last_seen_at, strikes)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :more)
SELECT 'copy-' || n, endpoint || '-' || n, service_id, p256dh, auth, vapid_public_key, browser, locale,
       created_at, last_seen_at, strikes
FROM numbers JOIN push_subscriptions ON push_subscriptions.id = 1 + n % :real
"""


def measure(folder: Path) -> None:
    tell(f"backlog: a broadcast to {BROWSERS:,} browsers")
    place = folder / "backlog"
    place.mkdir()
    with ExitStack() as stack:
        service = stack.enter_context(taking(place))
        settings = {"EMBEDDED_WORKER": "false", "VAPID_CLAIM_EMAIL": CONTACT}
        site = stack.enter_context(serving(place, ["john", "susan"], **settings))
        crowd = subscribers.make(place, _REAL)
        _copy(crowd)
        reached = (place, service.stand_in, service.ca_file)
        worker = stack.enter_context(pushing(*reached, VAPID_CLAIM_EMAIL=CONTACT))
        (john,) = stack.enter_context(signed_in(site, ["john"]))
        with _Meanwhile(poster(john, "susan"), site.database) as meanwhile:
            seconds = _fan_out(crowd)
        _show(seconds, meanwhile, worker)


class _Meanwhile:
    """Somebody writes messages, and somebody else looks how long the database is locked for."""

    def __init__(self, post: object, database: Path) -> None:
        self.posts: list[float] = []
        self.locks: list[float] = []
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._post, args=(post,)),
            threading.Thread(target=self._lock, args=(database,)),
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_problem: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _post(self, post: object) -> None:
        assert callable(post)
        while not self._ended.wait(_REST_SECONDS):
            self.posts.append(time_once(post))

    def _lock(self, database: Path) -> None:
        connection = sqlite3.connect(database, isolation_level=None, timeout=0)
        while not self._ended.wait(_REST_SECONDS):
            self.locks.append(time_once(lambda: _begin(connection)))
            connection.execute("ROLLBACK")
        connection.close()


def _begin(connection: sqlite3.Connection) -> None:
    """Looks often: SQLite's own waiting gets longer and longer."""
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError:
            time.sleep(0.001)


def _copy(crowd: Subscribers) -> None:
    with crowd.app.app_context():
        begin_write()
        db.session.execute(text(_COPIES), {"more": BROWSERS - _REAL, "real": _REAL})
        db.session.commit()


def _fan_out(crowd: Subscribers) -> float:
    began = time.monotonic()
    broadcast_id = crowd.start_broadcast()
    while time.monotonic() - began < _PATIENCE_SECONDS:
        with crowd.app.app_context():
            if db.session.get_one(Broadcast, broadcast_id).fanned_out_at is not None:
                return time.monotonic() - began
        time.sleep(0.05)
    raise AssertionError("the broadcast was not put into the outbox in time")


def _show(seconds: float, meanwhile: _Meanwhile, worker: Worker) -> None:
    how = f"{BROWSERS:,} rows, the worker sends meanwhile; SQLite"
    show("fan_out_rows_per_second", BROWSERS / seconds, f"{how}; {seconds:.1f} s in all")
    posts, locks = meanwhile.posts, meanwhile.locks
    worst = f"p99 {p99(posts):.0f} ms, longest {max(posts):.0f} ms of {len(posts)}"
    show("send_during_fan_out_ms", median(posts), f"POST /send_message during a fan-out; {worst}; {how}")
    worst = f"p99 {p99(locks):.0f} ms of {len(locks)}, median {median(locks):.1f} ms"
    show("longest_wait_for_the_database_ms", max(locks), f"BEGIN IMMEDIATE of another process; {worst}; {how}")
    show("worker_memory_mb", _peak_memory_mb(worker), f"peak resident, beside {BROWSERS:,} queued rows; SQLite")


def _peak_memory_mb(worker: Worker) -> float:
    status = Path(f"/proc/{worker.process.pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
