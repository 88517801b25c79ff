"""Pushing: from the form to the push service, one message after the other.

The push service is the tests' own: it speaks TLS, verifies every signature and decrypts every push, in this process.
"""

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
from webpush_app.factory import create_app

CONTACT = "mailto:ops@example.com"
_MESSAGES = 200
_REST_SECONDS = 0.03


@dataclass(frozen=True)
class Set:
    site: Site
    folder: Path
    service: PushService
    worker: Worker


def measure(folder: Path) -> None:
    tell(f"pushing: {_MESSAGES} messages one by one")
    with _set_up(folder / "pushing") as one:
        _handed_over(one)


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


def _app(folder: Path) -> Flask:
    return create_app(config.load({"INSTANCE_PATH": str(folder)}))
