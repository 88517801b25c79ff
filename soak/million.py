"""Broadcasts to a million browsers on PostgreSQL: how fast they come into the outbox, whether the last claim takes as
long as the first, what memory the worker needs, how long who looks at it waits, and whether the table stays as it is.

The first broadcast is really sent, by one worker, to a push service that takes everything. When its days are over and
PostgreSQL has vacuumed, a second one is put into the outbox with nothing else going on, and claimed and settled by the
same code with nobody to send to. The browsers are written by SQL: a few thousand keys, each used by many.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from flask import Flask
from sqlalchemy import select, text

from bench import subscribers
from bench.answering import taking
from bench.figures import median, p99, tell, time_once
from bench.subscribers import CONTACT, Subscribers
from soak import emptying, timed_worker
from soak.emptying import Size, Taken
from soak.figures import Figures
from soak.options import Options
from tests.postgresql_server import postgres_server
from tests.push.worker_process import Worker, pushing
from webpush_app import database
from webpush_app.broadcasts import service as broadcasts
from webpush_app.broadcasts.models import Broadcast
from webpush_app.broadcasts.service import Progress
from webpush_app.database import begin_write, db
from webpush_app.subscriptions.models import PushSubscription

BROWSERS = 1_000_000
KEYS = 2000
LEAST_ROWS_A_SECOND = 100_000
MOST_GROWTH = 1.5  # of a claim, in the last tenth of the rows beside the first
MOST_MEMORY_MB = 250
MOST_PROGRESS_MS = 50
MOST_ROWS_KEPT = 0.01  # of the table without its indexes
MOST_SIZE = 1.0  # of the table when the second broadcast is in it, beside its size when the first was over
MOST_SECONDS = 3600.0
_LOOK_SECONDS = 0.2
# As they are when a push was accepted for each of them before.
_COPIES = text(
    "INSERT INTO push_subscriptions (fingerprint, endpoint, service_id, p256dh, auth, vapid_public_key, browser,"
    " locale, created_at, last_seen_at, strikes, proven_at)"
    " SELECT encode(sha256(convert_to(endpoint || '-' || n, 'UTF8')), 'hex'), endpoint || '-' || n, service_id, p256dh,"
    " auth, vapid_public_key, browser, locale, created_at, last_seen_at, strikes, created_at"
    " FROM generate_series(1, :more) AS n JOIN push_subscriptions ON push_subscriptions.id = 1 + n % :keys"
)


@dataclass
class Sent:
    """The first broadcast, from its start to its end."""

    number: int
    progress_ms: list[float] = field(default_factory=list)
    fan_out_seconds: float = 0.0
    seconds: float = 0.0
    memory_mb: float = 0.0
    taken: list[Taken] = field(default_factory=list)
    arrived: int = 0


def prove(folder: Path, options: Options, figures: Figures) -> None:
    browsers = options.browsers or BROWSERS
    folder.mkdir(parents=True, exist_ok=True)
    with _on_postgresql(options) as settings:
        crowd = _crowd(folder, browsers, settings)
        sent = _send(folder, crowd, browsers, settings)
        _show_sent(figures, sent, browsers, _how(browsers))
        full = _told_size("the first broadcast", crowd.app)
        _retire(figures, crowd.app, sent.number, browsers)
        kept = _told_size("its days", crowd.app)
        seconds = _fan_out_alone(crowd)
        how = f"fan_out_step with nothing else going on; {seconds:.1f} s in all; {_how(browsers)}"
        figures.show("million_fan_out_a_second", browsers / seconds, how, least=LEAST_ROWS_A_SECOND)
        again = _told_size("the second broadcast has come into it", crowd.app)
        taken = emptying.empty(crowd.app, _service_id(crowd.app))
        _show_claims(figures, "million_claim_alone", taken, f"claimed and settled, nothing sent; {_how(browsers)}")
        _told_size("it was emptied again", crowd.app)
    _show_sizes(figures, full, kept, again, _how(browsers))


def _how(browsers: int) -> str:
    return f"{browsers:,} browsers, load {os.getloadavg()[0]:.1f}; PostgreSQL"


def _retire(figures: Figures, app: Flask, number: int, browsers: int) -> None:
    began = time.monotonic()
    emptying.retire(app)
    tell(f"deleted in {time.monotonic() - began:.0f} s, vacuumed {emptying.wait_for_vacuum(app, browsers):.0f} s later")
    emptying.vacuum(app)
    left, how = emptying.rows_left(app), _how(browsers)
    figures.show("million_left", left, f"rows that are there when their days are over; {how}", most=0)
    after = _progress(app, number)
    wrong = abs(after.accepted - browsers) + abs(after.total - browsers)
    figures.show("million_tally_afterwards", wrong, f"by how much the tally is wrong without its rows; {how}", most=0)


@contextmanager
def _on_postgresql(options: Options) -> Iterator[dict[str, str]]:
    """A server of its own where none is given: what SQLite takes for it is measured by `make bench`."""
    with ExitStack() as stack:
        if options.database != "PostgreSQL":
            server = stack.enter_context(postgres_server(is_usual=True))
            server.create("million")
            options = replace(options, database_url=server.loopback_url("million"))
        yield options.settings


def _crowd(folder: Path, browsers: int, settings: dict[str, str]) -> Subscribers:
    keys = min(KEYS, browsers)
    crowd = subscribers.make(folder, keys, **settings)
    with crowd.app.app_context():
        database.leave_the_disk_its_time()  # as a worker has it
        begin_write()
        db.session.execute(text("SET LOCAL statement_timeout = 0"))
        db.session.execute(_COPIES, {"more": browsers - keys, "keys": keys})
        db.session.commit()
    return crowd


def _send(folder: Path, crowd: Subscribers, browsers: int, settings: dict[str, str]) -> Sent:
    given = {"VAPID_CLAIM_EMAIL": CONTACT, **settings}
    with (
        taking(folder) as service,
        pushing(folder, service.stand_in, service.ca_file, module=timed_worker.MODULE, **given) as worker,
    ):
        began = time.monotonic()
        sent = Sent(crowd.start_broadcast())
        while not _look(crowd.app, sent, began):
            if time.monotonic() - began > MOST_SECONDS or worker.process.poll() is not None:
                raise AssertionError(f"not all was sent: {_progress(crowd.app, sent.number)}")
            time.sleep(_LOOK_SECONDS)
        sent.seconds = time.monotonic() - began
        sent.memory_mb = _peak_memory_mb(worker)
        sent.arrived = int(service.ask()["taken"])
    sent.taken = [_taken(line) for line in worker.lines if line.startswith(timed_worker.CLAIMED)]
    if sum(one.rows for one in sent.taken) < browsers:
        raise AssertionError("not every claim was noted")
    return sent


def _look(app: Flask, sent: Sent, began: float) -> bool:
    """As the page of an admin does. Is it done?"""
    with app.app_context():
        row = db.session.get_one(Broadcast, sent.number)
        if row.fanned_out_at is not None and not sent.fan_out_seconds:
            sent.fan_out_seconds = time.monotonic() - began
        seen: list[Progress] = []
        sent.progress_ms.append(time_once(lambda: seen.append(broadcasts.progress(row))))
    return seen[0].is_done


def _progress(app: Flask, number: int) -> Progress:
    with app.app_context():
        return broadcasts.progress(db.session.get_one(Broadcast, number))


def _fan_out_alone(crowd: Subscribers) -> float:
    crowd.start_broadcast()
    with crowd.app.app_context():
        began = time.monotonic()
        while broadcasts.fan_out_step():
            pass
        return time.monotonic() - began


def _service_id(app: Flask) -> int:
    with app.app_context():
        return db.session.scalars(select(PushSubscription.service_id).limit(1)).one()


def _taken(line: str) -> Taken:
    rows, look_ms, claim_ms = line.split()[1:]
    return Taken(int(rows), float(look_ms), float(claim_ms))


def _told_size(after: str, app: Flask) -> Size:
    found = emptying.size(app)
    tell(f"after {after}: {found.total_mb:.0f} MB, {found.rows_mb:.0f} MB without the indexes")
    return found


def _peak_memory_mb(worker: Worker) -> float:
    status = Path(f"/proc/{worker.process.pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) / 1024


def _show_sent(figures: Figures, sent: Sent, browsers: int, how: str) -> None:
    figures.show(
        "million_lost", browsers - sent.arrived, f"pushes that did not arrive, or twice; {how}", most=0, least=0
    )
    figures.show("million_sent_a_second", browsers / sent.seconds, f"by one worker, {sent.seconds:.0f} s in all; {how}")
    beside = f"while the worker sends; {sent.fan_out_seconds:.1f} s in all; {how}"
    figures.show("million_fan_out_beside_a_second", browsers / sent.fan_out_seconds, beside)
    _show_claims(figures, "million_claim", sent.taken, f"of a worker that sends; {how}")
    figures.show("million_memory_mb", sent.memory_mb, f"of the worker, at its peak; {how}", most=MOST_MEMORY_MB)
    words = f"the slowest of {len(sent.progress_ms)} looks from the start to the end, median "
    words += f"{median(sent.progress_ms):.1f} ms, p99 {p99(sent.progress_ms):.1f} ms; {how}"
    figures.show("million_progress_ms", max(sent.progress_ms), words, most=MOST_PROGRESS_MS)


def _show_claims(figures: Figures, name: str, taken: list[Taken], how: str) -> None:
    seen = emptying.course(taken)
    words = f"times the first tenth's median, in the last tenth of the rows; all ten in ms: {seen.words}; {how}"
    figures.show(f"{name}_growth", seen.growth, words, most=MOST_GROWTH)
    figures.show(f"{name}_ms", median([one.claim_ms for one in taken]), f"median of {len(taken)} claims; {how}")
    looks = f"the look for what is due before each, slowest tenth's median; {how}"
    figures.show(f"{name}_look_ms", max(seen.looks_ms), looks)


def _show_sizes(figures: Figures, full: Size, kept: Size, again: Size, how: str) -> None:
    figures.show("million_table_mb", full.total_mb, f"with its indexes, when all is sent; {how}")
    figures.show("million_table_kept_mb", kept.total_mb, f"when its days are over and it is vacuumed; {how}")
    words = f"of it without the indexes, whose pages wait for the next rows; {how}"
    figures.show("million_table_kept_share", kept.rows_mb / full.rows_mb, words, most=MOST_ROWS_KEPT)
    words = f"times that size with the second broadcast in it: {again.total_mb:.0f} MB; {how}"
    figures.show("million_table_growth", again.total_mb / full.total_mb, words, most=MOST_SIZE)
