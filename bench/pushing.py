"""Pushing: from the form to the push service, and a broadcast beside the tutorials' loop of `pywebpush.webpush()`.

The push service is the tests' own: it speaks TLS, verifies every signature and decrypts every push, in this process. So
what is compared is the CPU time of the processes that send.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask

from bench.browsers import subscribe
from bench.figures import MILLISECONDS, median, p95, show, tell, time_once
from bench.sending import poster
from bench.site import Site, serving, signed_in
from tests.push.service import PushService
from tests.push.worker_process import Worker, pushing
from webpush_app import config
from webpush_app.accounts.service import get_user
from webpush_app.broadcasts import service as broadcasts
from webpush_app.database import begin_write, db
from webpush_app.factory import create_app
from webpush_app.subscriptions import keyring

CONTACT = "mailto:ops@example.com"
BROWSERS = 5000
_MESSAGES = 200
_REST_SECONDS = 0.03
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_TITLE, _BODY = "News for everybody", "A broadcast whose text is about as long as what people write to many at once."


@dataclass(frozen=True)
class Set:
    site: Site
    folder: Path
    service: PushService
    worker: Worker


def measure(folder: Path) -> None:
    tell(f"pushing: {_MESSAGES} messages one by one, then a broadcast to {BROWSERS:,} browsers")
    with _set_up(folder / "pushing") as one:
        _handed_over(one)
        _broadcast(one)


@contextmanager
def _set_up(folder: Path) -> Iterator[Set]:
    folder.mkdir()
    settings = {"EMBEDDED_WORKER": "false", "VAPID_CLAIM_EMAIL": CONTACT}
    with (
        PushService(folder) as service,
        serving(folder, ["writer", "reader"], **settings) as site,
        pushing(folder, service.stand_in, service.ca_file, VAPID_CLAIM_EMAIL=CONTACT) as worker,
    ):
        yield Set(site, folder, service, worker)


def _handed_over(one: Set) -> None:
    reader = subscribe(_app(one.folder), one.service, 1, owner="reader")[0]
    requests, ways = [], []
    with signed_in(one.site, ["writer"]) as (writer,):
        post = poster(writer, "reader")
        for number in range(1, _MESSAGES + 6):
            time.sleep(_REST_SECONDS)
            began = datetime.now(UTC)
            requests.append(time_once(post))
            arrived = reader.wait_for(number)[-1].moment
            ways.append((arrived - began).total_seconds() * MILLISECONDS)
    how = f"{_MESSAGES} messages one after the other, {_REST_SECONDS * 1000:.0f} ms apart, to one browser; SQLite"
    show(
        "form_to_push_service_ms",
        median(ways[5:]),
        f"{how}; until the push service has decrypted it",
        p95=p95(ways[5:]),
    )
    show("request_with_push_ms", median(requests[5:]), f"{how}; the request of the form alone", p95=p95(requests[5:]))


def _broadcast(one: Set) -> None:
    subscribe(_app(one.folder), one.service, BROWSERS)
    before, started = _cpu_seconds(one.worker), time.perf_counter()
    known = len(one.service.received)
    with _app(one.folder).app_context():
        begin_write()
        broadcasts.start_broadcast(get_user("writer"), _TITLE, _BODY, "/", "anonymous")
        db.session.commit()
        db.engine.dispose()
    one.service.wait_for(known + BROWSERS, timeout=300)
    seconds = time.perf_counter() - started
    cpu_seconds = _cpu_seconds(one.worker) - before
    peer = _peer(one)
    how = f"{BROWSERS:,} browsers, TLS to a local push service that verifies and decrypts; CPU time of the sender alone"
    show(
        "broadcast_pushes_per_cpu_second",
        BROWSERS / cpu_seconds,
        f"{how}; {seconds:.1f} s in all",
        peer="a loop of pywebpush.webpush()",
        peer_value=BROWSERS / peer["cpu_seconds"],
        more_is_better=True,
    )
    show(
        "broadcast_peak_memory_mb",
        _peak_memory_mb(one.worker),
        how,
        peer="a loop of pywebpush.webpush()",
        peer_value=peer["memory_mb"],
    )


def _peer(one: Set) -> dict[str, float]:
    """The tutorials' loop, with subscriptions at the same service, named by its address as their tests would."""
    with _app(one.folder).app_context():
        key = keyring.current_key()
    made = [one.service.subscribe(key.public, f"localhost:{one.service.address[1]}") for _ in range(BROWSERS)]
    file = one.folder / "peer.json"
    texts = {"title": _TITLE, "body": _BODY, "private_key": key.private_text, "contact": CONTACT}
    file.write_text(json.dumps(texts | {"subscriptions": [browser.to_json() for browser in made]}), encoding="utf-8")
    environment = {**os.environ, "REQUESTS_CA_BUNDLE": str(one.service.ca_file)}
    command = [sys.executable, "-m", "bench.push_peer", str(file)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
    taken: dict[str, float] = json.loads(done.stdout)
    if sum(len(browser.received) for browser in made) != BROWSERS:
        raise AssertionError(f"the loop lost pushes; refused: {one.service.refusals[:3]}")
    return taken


def _app(folder: Path) -> Flask:
    return create_app(config.load({"INSTANCE_PATH": str(folder)}))


def _cpu_seconds(worker: Worker) -> float:
    fields = Path(f"/proc/{worker.process.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def _peak_memory_mb(worker: Worker) -> float:
    status = Path(f"/proc/{worker.process.pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
