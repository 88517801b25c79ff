"""Eight people write through the real pages while the worker delivers and broadcasts go out: nobody sees an error.

The push service is the tests' own stand-in, as in `python -m bench pushing`. It runs in this process, beside the people
who write: what they wait for is measured on a machine that has enough else to do.
"""

import math
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from bench.browsers import subscribe
from bench.figures import MILLISECONDS, median, tell
from bench.load import drive
from soak.figures import Figures
from soak.ledger import judge
from soak.options import Options
from soak.person import registered
from soak.stored import stored
from soak.working import Admin, Author
from tests.push.service import PushService
from tests.push.worker_process import Worker, pushing
from tests.server.running import Server, running
from webpush_app import config
from webpush_app.factory import create_app

AUTHORS = 8
SECONDS = 60.0
BROWSERS = 2000
BROADCAST_EVERY_SECONDS = 5.0
WRITE_P99_MS = 500.0
CONTACT = "mailto:ops@example.com"
# As SQLite says it, and as PostgreSQL does of a lock.
LOCKED = ("locked", "lock timeout", "deadlock")
# As the worker says it, after which it tries again.
BUSY = "database_busy"
_TOLD = 5  # of the troubles; the rest are like them


@dataclass(frozen=True)
class Scene:
    service: PushService
    server: Server
    worker: Worker

    def complaints(self, *words: str) -> list[str]:
        """Lines in which the server or the worker says so."""
        return [line for line in (*self.server.lines, *self.worker.lines) if any(word in line for word in words)]


def prove(folder: Path, options: Options, figures: Figures) -> None:
    seconds, browsers = options.seconds or SECONDS, options.browsers or BROWSERS
    settings = {**options.settings, "VAPID_CLAIM_EMAIL": CONTACT}
    already = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores before it began"
    *names, boss = (f"author-{secrets.token_hex(3)}-{number}" for number in range(AUTHORS + 1))
    with _scene(folder, settings) as scene, registered(scene.server.port, [*names, boss]) as people:
        app = create_app(config.load({"INSTANCE_PATH": str(folder), **settings}))
        app.test_cli_runner().invoke(args=["user", "make-admin", boss])
        _switch_on(app, scene.service, names, browsers)
        authors = [Author(one, to) for one, to in zip(people, [*names[1:], names[0]], strict=False)]
        admin = Admin(people[-1], BROADCAST_EVERY_SECONDS)
        with admin:
            drive([author.write_one for author in authors], seconds)
        arrived = len(scene.service.received)
    with stored(folder, settings, names) as found:
        verdict = judge([message for author in authors for message in author.sent], found.messages())
        rows = found.broadcast_pushes(boss)
    how = (
        f"{AUTHORS} people for {seconds:g} s, {admin.broadcasts} broadcasts to {browsers:,} browsers meanwhile; "
        f"{options.database}; {already}"
    )
    _show_troubles(figures, authors, admin, scene, how)
    _show_times(figures, sorted(waited for author in authors for waited in author.waited_ms), seconds, how)
    figures.show("writers_lost", verdict.lost, f"acknowledged and not stored; {how}", most=0)
    figures.show("writers_stored_twice", verdict.stored_twice, f"rows beyond one for each message; {how}", most=0)
    figures.show("writers_fanned_out", rows, f"rows of the outbox for the broadcasts; {how}", least=browsers)
    figures.show("writers_delivered", arrived, f"pushes that arrived meanwhile, decrypted; {how}", least=1)


def _show_troubles(figures: Figures, authors: Sequence[Author], admin: Admin, scene: Scene, how: str) -> None:
    troubles = [*admin.troubles, *(trouble for author in authors for trouble in author.troubles)]
    complaints, waited = scene.complaints(*LOCKED), scene.complaints(BUSY)
    for line in (*troubles[:_TOLD], *complaints[:_TOLD]):
        tell(line)
    figures.show("writers_error_pages", len(troubles), f"answers that a person did not want; {how}", most=0)
    figures.show("writers_locked", len(complaints), f"lines of the logs that say “locked”; {how}", most=0)
    figures.show("writers_worker_busy", len(waited), f"rounds that the worker had to make again; {how}")


def _show_times(figures: Figures, waited_ms: Sequence[float], seconds: float, how: str) -> None:
    taken = waited_ms or [seconds * MILLISECONDS]  # nobody was answered in all that time
    p99 = taken[math.ceil(0.99 * len(taken)) - 1]
    figures.show("writers_write_p99_ms", p99, f"the POST of the form alone; {how}", most=WRITE_P99_MS)
    figures.show("writers_write_ms", median(taken), f"the same, median; {how}")
    figures.show("writers_messages_per_second", len(waited_ms) / seconds, f"each with its form opened before; {how}")


@contextmanager
def _scene(folder: Path, settings: dict[str, str]) -> Iterator[Scene]:
    folder.mkdir(exist_ok=True)
    with (
        PushService(folder) as service,
        running(folder, EMBEDDED_WORKER="false", **settings) as server,
        pushing(folder, service.stand_in, service.ca_file, **settings) as worker,
    ):
        yield Scene(service, server, worker)


def _switch_on(app: Flask, service: PushService, names: Sequence[str], browsers: int) -> None:
    """A browser for each author, and those of strangers, whom the broadcasts are for."""
    for name in names:
        subscribe(app, service, 1, owner=name)
    subscribe(app, service, browsers)
