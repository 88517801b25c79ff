"""Two hundred bad handshakes a second: each is refused or closed, and honest people hardly notice.

Before, meanwhile and afterwards eight people write and read as people do, and fifty others have a page open.
"""

import json
import math
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import MILLISECONDS, median, p95, tell
from soak.bad_handshakes import ENDED, FORGED, KINDS, LIVE
from soak.correspondent import Correspondent
from soak.figures import Figures
from soak.options import Options
from soak.pages import Pages, open_pages
from soak.person import Person
from soak.residents import Resident, names_of, settle_in, sign_out
from soak.web_process import WebProcess, web_process
from tests.server.running import ROOT, Server, running
from tests.server.visitors import Visitor
from webpush_app import config, start

AUTHORS = 8
SOCKETS = 50
RATE = 200.0
REACHED_SHARE = 0.95  # of that rate, at least
SECONDS = 30.0
MOST_TIMES = 2.0
MOST_LINES = 10  # of the log
MOST_FILES = 1000  # connections: as many as may stand in line for a socket
MOST_KEPT = 10  # connections to the database, which stay for whoever comes next
ATTACKERS = 4  # with an account each
THINKING_SECONDS = (0.5, 2.5)
PATIENCE_SECONDS = 30.0
CONTACT = "mailto:ops@example.com"
_TOLD = 10


@dataclass(frozen=True)
class Place:
    server: Server
    web: WebProcess
    pages: Pages
    authors: Sequence[Correspondent]
    cookies: dict[str, list[str]]


@dataclass
class Span:
    """What honest people met with in some seconds: milliseconds of every answer, and of every message's way."""

    answers: list[float] = field(default_factory=list)
    ways: list[float] = field(default_factory=list)
    threads: int = 0
    files: int = 0
    cpu_share: float = 0.0
    waiting_share: float = 0.0


def prove(folder: Path, options: Options, figures: Figures) -> None:
    seconds = options.seconds or SECONDS
    already = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores before it began"
    with _place(folder, options.sockets or SOCKETS, options.settings) as here:
        here.pages.wait_until_greeted(here.pages.connect(), PATIENCE_SECONDS)
        _spend(here, seconds / 10)  # everything has been used once
        calm = [_spend(here, seconds)]
        threads, files, lines = here.web.threads, here.web.files, len(here.server.lines)
        with ThreadPoolExecutor(1) as pool:
            bad = pool.submit(_shake_badly, here, seconds)
            busy = _spend(here, seconds)
            ended = bad.result()
        said = here.server.lines[lines:]
        here.pages.wait_until(lambda: here.web.files <= files + MOST_KEPT, PATIENCE_SECONDS)
        left = Span(threads=here.web.threads - threads, files=here.web.files - files)
        calm.append(_spend(here, seconds))
        how = (
            f"{RATE:g} bad handshakes a second for {seconds:g} s, {len(here.authors)} people and "
            f"{len(here.pages.people)} sockets beside them; {options.database}; {already}"
        )
        figures.show("handshakes_dropped", len(here.pages.dropped), f"honest sockets; {how}", most=0)
    _show_ends(figures, ended, how)
    _show_work(figures, calm, busy, how)
    _show_honest(figures, calm, busy, how)
    _show_held(figures, Span(threads=busy.threads - threads, files=busy.files - files), left, said, how)


def _spend(here: Place, seconds: float) -> Span:
    span, began = Span(), time.monotonic()
    cpu, waiting, deadline = here.web.cpu_seconds, here.web.waiting_seconds, began + seconds
    before = [len(author.waited) for author in here.authors]
    is_over = threading.Event()
    with ThreadPoolExecutor(len(here.authors) + 1) as pool:
        watching = pool.submit(_watch, here.web, span, is_over)
        for ways in pool.map(lambda number: _correspond(here, number, deadline), range(len(here.authors))):
            span.ways += [way * MILLISECONDS for way in ways]
        is_over.set()
        watching.result()
    lasted = time.monotonic() - began
    span.cpu_share = (here.web.cpu_seconds - cpu) / lasted
    span.waiting_share = (here.web.waiting_seconds - waiting) / lasted
    for author, seen in zip(here.authors, before, strict=True):
        span.answers += [waited * MILLISECONDS for waited in author.waited[seen:]]
    return span


def _correspond(here: Place, number: int, deadline: float) -> list[float]:
    """Each author has pages of their own to write to."""
    chance, author, ways = random.Random(number), here.authors[number], []
    own = range(number, len(here.pages.people), len(here.authors))
    while time.monotonic() < deadline:
        page = chance.choice(own)
        ways.append(author.time_message_to(page, PATIENCE_SECONDS))
        time.sleep(chance.uniform(*THINKING_SECONDS))
        author.read(page)
        time.sleep(chance.uniform(*THINKING_SECONDS))
    return ways


def _watch(web: WebProcess, span: Span, is_over: threading.Event) -> None:
    while not is_over.wait(0.1):
        span.threads, span.files = max(span.threads, web.threads), max(span.files, web.files)


def _shake_badly(here: Place, seconds: float) -> dict[str, Any]:
    command = [sys.executable, "-m", "soak.bad_handshakes", str(here.server.port), str(RATE), str(seconds)]
    given, patience = json.dumps(here.cookies), 10 * seconds + PATIENCE_SECONDS
    done = subprocess.run(
        command, check=True, cwd=ROOT, input=given, stdout=subprocess.PIPE, text=True, timeout=patience
    )
    ended: dict[str, Any] = json.loads(done.stdout)
    return ended


def _show_ends(figures: Figures, ended: dict[str, Any], how: str) -> None:
    wrong = Counter[str]()
    for kind in KINDS:
        ends = ended["ends"][kind.name]
        tell(f"{kind.name}: {ends}")
        wrong.update({f"{kind.name}: {end}": number for end, number in ends.items() if end not in kind.ends})
    for end, number in wrong.most_common(_TOLD):
        tell(f"wrong: {end}, {number} times")
    figures.show("handshakes_served", wrong.total(), f"neither refused nor closed; {how}", most=0)
    figures.show("handshakes_per_second", ended["rate"], how, least=RATE * REACHED_SHARE)
    figures.show("handshakes_at_once", ended["most_at_once"], f"bad ones under way in one moment, at most; {how}")


def _show_honest(figures: Figures, calm: Sequence[Span], busy: Span, how: str) -> None:
    for name, before, meanwhile, words in (
        ("answer", [one for span in calm for one in span.answers], busy.answers, "answers to honest people"),
        ("way", [one for span in calm for one in span.ways], busy.ways, "messages, until the page has heard of them"),
    ):
        usual, then = p95(before), p95(meanwhile)
        figures.show(f"handshakes_calm_{name}_p95_ms", usual, f"{len(before)} {words}, before and afterwards; {how}")
        figures.show(f"handshakes_{name}_p95_ms", then, f"{len(meanwhile)} {words}, meanwhile; {how}")
        figures.show(f"handshakes_{name}_times", then / usual, f"p95, beside the usual; {how}", most=MOST_TIMES)
        figures.show(f"handshakes_{name}_worst_ms", max(meanwhile, default=math.inf), f"the slowest; {how}")


def _show_work(figures: Figures, calm: Sequence[Span], busy: Span, how: str) -> None:
    for name, spans in (("handshakes_calm", calm), ("handshakes", [busy])):
        worked, waited = (median([getattr(one, share) for one in spans]) for share in ("cpu_share", "waiting_share"))
        figures.show(f"{name}_cpu_share", worked, f"of one core, used by the web process; {how}")
        figures.show(f"{name}_waiting_share", waited, f"of the time it could not run, though it had work; {how}")


def _show_held(figures: Figures, most: Span, left: Span, said: Sequence[str], how: str) -> None:
    for line in said[:_TOLD]:
        tell(line)
    figures.show("handshakes_threads", most.threads, f"of the web process, more than before; {how}", most=0)
    figures.show("handshakes_files", most.files, f"open in it, more than before; {how}", most=MOST_FILES)
    figures.show("handshakes_threads_left", left.threads, f"afterwards; {how}", most=0)
    kept = "afterwards, the connections to the database included that are kept"
    figures.show("handshakes_files_left", left.files, f"{kept}; {how}", most=MOST_KEPT)
    figures.show("handshakes_lines", len(said), f"of the log; {how}", most=MOST_LINES)


@contextmanager
def _place(folder: Path, sockets: int, settings: dict[str, str]) -> Iterator[Place]:
    folder.mkdir(parents=True, exist_ok=True)
    given = {"VAPID_CLAIM_EMAIL": CONTACT, **settings}
    app = start.prepare(config.load({"INSTANCE_PATH": str(folder), **given}))
    people, authors, attackers, [ended] = (
        settle_in(app, names_of(kind, number))
        for kind, number in (("resident", sockets), ("author", AUTHORS), ("attacker", ATTACKERS), ("gone", 1))
    )
    sign_out(app, ended)
    cookies = {LIVE: [one.cookie for one in attackers], ENDED: [ended.cookie], FORGED: [_forged(people[0])]}
    with ExitStack() as stack:
        server = stack.enter_context(running(folder, **given))
        pages = stack.enter_context(open_pages(f"http://127.0.0.1:{server.port}", people))
        visitors = [stack.enter_context(Visitor(server.port, one.cookie)) for one in authors]
        both = zip(authors, visitors, strict=True)
        writing = [Correspondent(Person(one.name, visitor), pages) for one, visitor in both]
        yield Place(server, web_process(server), pages, writing, cookies)


def _forged(resident: Resident) -> str:
    """Their session, under a signature that is none of ours."""
    content, _, signature = resident.cookie.rpartition(".")
    return f"{content}.{signature[::-1]}"
