"""A message sent through one web process lights the badge that another one's socket holds. Everything goes through
nginx: which of the two was asked stands in its log, and only what crossed from one to the other counts."""

import os
import re
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.figures import MILLISECONDS, median, p95
from soak.correspondent import Correspondent
from soak.figures import Figures
from soak.machines import WORDS, Machines, machines
from soak.options import Options
from soak.pages import Pages
from soak.residents import names_of, settle_in

MESSAGES = 40
P95_MS = 250.0
_PAGES = 2
_MOST_TRIES = 8  # for each that crosses
_MOST_SECONDS = 30.0
_SENT_TO = re.compile(r'"POST /send_message \S+" 302 .*?"(?:\S+, )*127\.0\.0\.1:(\d+)" "[^"]*" "[^"]*"$')


@dataclass(frozen=True)
class Way:
    seconds: float
    has_crossed: bool


def prove(folder: Path, options: Options, figures: Figures) -> None:
    messages = options.posts or MESSAGES
    already = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores before it began"
    with machines(folder, browsers=1) as site:
        ways = _write(site, messages)
    crossed = [way.seconds * MILLISECONDS for way in ways if way.has_crossed]
    way = "from before the request until the page has it, the socket at one web server, the request at the other"
    how = f"{way}; {WORDS}; {already}"
    arrived = sum(way < _MOST_SECONDS * MILLISECONDS for way in crossed)
    figures.show("machines_message_arrived", arrived, f"of {len(crossed)} messages; {how}", least=messages)
    figures.show("machines_message_p95_ms", p95(crossed), how, most=P95_MS)
    figures.show("machines_message_ms", median(crossed), f"median, {how}")
    figures.show("machines_message_worst_ms", max(crossed), f"slowest, {how}")
    at_one = [way.seconds * MILLISECONDS for way in ways if not way.has_crossed]
    if at_one:
        figures.show("machines_message_at_one_ms", median(at_one), f"median of {len(at_one)} that did not cross")


def _write(site: Machines, messages: int) -> Sequence[Way]:
    [writer] = settle_in(site.made.app, names_of("writer", 1))
    ways: list[Way] = []
    with ExitStack() as stack:
        opened = [_open(site, stack) for _ in range(_PAGES)]
        person = site.person(writer)
        stack.enter_context(person.visitor)
        writing = [(Correspondent(person, pages), port) for pages, port in opened]
        for number in range(_MOST_TRIES * messages):
            if sum(way.has_crossed for way in ways) == messages:
                break
            correspondent, held_by = writing[number % _PAGES]
            seconds = correspondent.time_message_to(0, _MOST_SECONDS)
            ways.append(Way(seconds, _asked_last(site, number + 1) != held_by))
    return ways


def _open(site: Machines, stack: ExitStack) -> tuple[Pages, int]:
    """A page of somebody's own, and the port of the server that holds its socket."""
    before = {web.port: web.sockets() for web in site.webs}
    [reader] = settle_in(site.made.app, [f"reader-{secrets.token_hex(3)}"])
    pages = stack.enter_context(site.pages([reader]))
    pages.wait_until_greeted(pages.connect(), _MOST_SECONDS)
    [port] = [web.port for web in site.webs if web.sockets() > before[web.port]]
    return pages, port


def _asked_last(site: Machines, number: int) -> int:
    """The port of the server that stored the message of this number. A line is written a moment after its answer."""
    found: list[str] = []

    def look() -> bool:
        found[:] = [match[1] for line in site.front.log().splitlines() if (match := _SENT_TO.search(line))]
        return len(found) >= number

    site.wait_until(look, _MOST_SECONDS)
    return int(found[number - 1])
