"""A thousand people have a page open, and its socket: idle for ten minutes, while broadcasts go out, and when all of
them are cut off and come back at once. Nobody is dropped, nothing is missed, and a message is there at once."""

import os
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import MILLISECONDS, median, p95
from soak.agreeing import Verdict, judge
from soak.figures import Figures
from soak.options import Options
from soak.town import Town, town

SOCKETS = 1000
SECONDS = 600.0
BROWSERS = 10_000
BROADCASTS = 3
MEGABYTES = 400.0
IDLE_P95_MS = 250.0
BROADCAST_P95_MS = 1000.0
SERVED_SECONDS = 30.0
MESSAGE_EVERY_SECONDS = 2.0  # while everybody is idle
ONE_WRITTEN_TO_OF = 5  # while everybody is cut off
MOST_SECONDS = 60.0


@dataclass(frozen=True)
class Idle:
    ways: Sequence[float]
    dropped: int
    megabytes: float
    cpu_share: float
    waiting_share: float


@dataclass(frozen=True)
class Busy:
    ways: Sequence[float]
    dropped: int
    missed: int
    told_seconds: float  # until everybody was
    broadcast_seconds: float


@dataclass(frozen=True)
class Back:
    served_seconds: float
    caught_up_seconds: float
    unaware: int
    refused: int


def prove(folder: Path, options: Options, figures: Figures) -> None:
    sockets, browsers = options.sockets or SOCKETS, options.browsers or BROWSERS
    chance = random.Random(options.seed)
    already = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores before it began"
    with town(folder, sockets, browsers, **options.settings) as here:
        opened_seconds = here.pages.wait_until_greeted(here.pages.connect(), 2 * MOST_SECONDS)
        idle = _stay_idle(here, options.seconds or SECONDS, chance)
        busy = [_send_broadcast(here, chance) for _ in range(options.runs or BROADCASTS)]
        back = _come_back(here)
        here.pages.wait_until(lambda: _judge(here).behind == 0, MOST_SECONDS)
        verdict, peak = _judge(here), here.web.peak_megabytes
    how = f"{sockets:,} sockets of {sockets:,} people, one web process; {options.database}; {already}"
    figures.show("sockets_opened_seconds", opened_seconds, f"all at once, at the beginning; {how}")
    _show_idle(figures, idle, f"{options.seconds or SECONDS:g} s; {how}")
    _show_busy(figures, busy, f"{len(busy)} broadcasts to {browsers:,} browsers; {how}")
    _show_back(figures, back, f"all are cut off and come back in the same moment; {how}")
    _show_all(figures, verdict, peak, here.pages.strangers, how)


def _stay_idle(here: Town, seconds: float, chance: random.Random) -> Idle:
    dropped, began = len(here.pages.dropped), time.monotonic()
    cpu, waiting, ways = here.web.cpu_seconds, here.web.waiting_seconds, list[float]()
    while (left := began + seconds - time.monotonic()) > 0:
        time.sleep(min(left, MESSAGE_EVERY_SECONDS))
        ways.append(here.writer.time_message_to(chance.randrange(len(here.pages.people)), MOST_SECONDS))
    lasted = time.monotonic() - began
    return Idle(
        ways=ways,
        dropped=len(here.pages.dropped) - dropped,
        megabytes=here.web.megabytes,
        cpu_share=(here.web.cpu_seconds - cpu) / lasted,
        waiting_share=(here.web.waiting_seconds - waiting) / lasted,
    )


def _send_broadcast(here: Town, chance: random.Random) -> Busy:
    dropped, began = len(here.pages.dropped), time.monotonic()
    number = here.broadcast("everyone")
    item, ways = here.newest_item(), []
    while not here.made.is_final(number) and time.monotonic() < began + 5 * MOST_SECONDS:
        ways.append(here.writer.time_message_to(chance.randrange(len(here.pages.people)), MOST_SECONDS))
    lasted = time.monotonic() - began
    here.pages.wait_until(lambda: not here.unaware_of(item), MOST_SECONDS)
    return Busy(
        ways=ways,
        dropped=len(here.pages.dropped) - dropped,
        missed=len(here.unaware_of(item)),
        told_seconds=here.told_of(item) - began,
        broadcast_seconds=lasted,
    )


def _come_back(here: Town) -> Back:
    """Meanwhile there was a message for some, and news for everybody."""
    here.pages.cut()
    for page in range(0, len(here.pages.people), ONE_WRITTEN_TO_OF):
        here.writer.write_to(page)
    here.broadcast("signed_in")
    item, failed = here.newest_item(), len(here.pages.failed)
    began = here.pages.connect()
    served = here.pages.wait_until_greeted(began, 2 * MOST_SECONDS)
    here.pages.wait_until(lambda: not here.unaware_of(item), MOST_SECONDS)
    return Back(served, here.told_of(item) - began, len(here.unaware_of(item)), len(here.pages.failed) - failed)


def _judge(here: Town) -> Verdict:
    return judge(here.pages.heard, here.truth())


def _show_idle(figures: Figures, idle: Idle, how: str) -> None:
    figures.show("sockets_idle_dropped", idle.dropped, f"idle for {how}", most=0)
    figures.show("sockets_idle_megabytes", idle.megabytes, f"of the web process, after {how}", most=MEGABYTES)
    figures.show("sockets_idle_cpu_share", idle.cpu_share, f"of one core, the messages included; {how}")
    waited = f"of the time the web process could not run, though it had work; {how}"
    figures.show("sockets_idle_waiting_share", idle.waiting_share, waited)
    way = f"from before the request until the page has it, {len(idle.ways)} messages in {how}"
    _show_ways(figures, "sockets_idle", idle.ways, way, IDLE_P95_MS)


def _show_busy(figures: Figures, busy: Sequence[Busy], how: str) -> None:
    ways = [way for one in busy for way in one.ways]
    figures.show("sockets_broadcast_dropped", sum(one.dropped for one in busy), how, most=0)
    missed = sum(one.missed for one in busy)
    figures.show("sockets_broadcast_missed", missed, f"pages that did not hear of one; {how}", most=0)
    way = f"from before the request until the page has it, {len(ways)} messages during {how}"
    _show_ways(figures, "sockets_broadcast", ways, way, BROADCAST_P95_MS)
    told, lasted = max(one.told_seconds for one in busy), max(one.broadcast_seconds for one in busy)
    figures.show("sockets_broadcast_told_seconds", told, f"until every page has heard of it, at the worst; {how}")
    figures.show("sockets_broadcast_seconds", lasted, f"until its last push is answered, at the worst; {how}")


def _show_ways(figures: Figures, name: str, ways: Sequence[float], how: str, most: float) -> None:
    taken = [way * MILLISECONDS for way in ways] or [MOST_SECONDS * MILLISECONDS]
    figures.show(f"{name}_p95_ms", p95(taken), how, most=most)
    figures.show(f"{name}_ms", median(taken), f"median, {how}")
    figures.show(f"{name}_worst_ms", max(taken), f"slowest, {how}")


def _show_back(figures: Figures, back: Back, how: str) -> None:
    served = f"until each was greeted; {how}"
    figures.show("sockets_reconnected_seconds", back.served_seconds, served, most=SERVED_SECONDS)
    figures.show("sockets_caught_up_seconds", back.caught_up_seconds, f"until each has what it missed; {how}")
    figures.show("sockets_reconnected_unaware", back.unaware, f"pages that did not catch up; {how}", most=0)
    figures.show("sockets_reconnected_refused", back.refused, f"tries that had to be made again; {how}")


def _show_all(figures: Figures, verdict: Verdict, peak: float, strangers: int, how: str) -> None:
    figures.show("sockets_twice", verdict.twice, f"states heard twice, of {verdict.heard:,} in all; {how}", most=0)
    figures.show("sockets_out_of_order", verdict.out_of_order, f"older than what came before; {how}", most=0)
    figures.show("sockets_behind", verdict.behind, f"pages that show something else than is stored; {how}", most=0)
    figures.show("sockets_strangers", strangers, f"pages that were greeted as somebody else's; {how}", most=0)
    figures.show("sockets_peak_megabytes", peak, f"of the web process, whenever that was; {how}", most=MEGABYTES)
