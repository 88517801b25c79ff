"""A broadcast while the workers are killed, a web server is killed, PostgreSQL fails three times, or Redis is away for
a minute and has forgotten everything: nobody is left out, nobody sees anything twice, people go on writing, and a
program is told within five seconds when to come back."""

import os
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from soak.figures import Figures
from soak.machines import WORDS, Machines, machines
from soak.options import Options
from soak.ordeal import Ended, Ordeal, ordeal
from soak.ordeal_figures import Shown, show_deliveries, show_stored
from soak.persisting import Writer

BROWSERS = 10_000
SHARES = (0.15, 0.4, 0.65)  # of the broadcast, after which something fails
POSTGRESQL_AWAY_SECONDS = (0.0, 5.0, 10.0)
REDIS_AWAY_SECONDS = 60.0
BADGE_SECONDS = 15.0
BADGE_AFTERWARDS_SECONDS = 5.0
PUSH_SECONDS = 15.0
ANSWER_SECONDS = 5.0
JUST_BEFORE_SECONDS = 1.0  # too late for a page to be told
_MOST_SECONDS = 300.0


@dataclass
class Away:
    """When something was away, by the clock that only goes forward."""

    since: float = 0.0
    until: float = 0.0


class Fail(Protocol):
    def __call__(self, site: Machines, before: int, away: Away) -> None: ...


def kill_workers(site: Machines, before: int, away: Away) -> None:
    """One in the midst of it, and soon the other: whichever had something in its hands, it is lost."""
    starts = [worker.starts for worker in site.workers]
    for worker, share in zip(site.workers, SHARES, strict=False):
        _wait_for(site, before, share)
        away.since = away.since or time.monotonic()
        worker.kill_main()
    for worker, number in zip(site.workers, starts, strict=True):
        worker.wait_until_up(after=number)
    away.until = time.monotonic()


def kill_web_server(site: Machines, before: int, away: Away) -> None:
    _wait_for(site, before, SHARES[0])
    away.since = time.monotonic()
    web = site.webs[0].kept
    starts = web.starts
    web.kill()
    web.wait_until_up(after=starts)
    away.until = time.monotonic()


def fail_postgresql(site: Machines, before: int, away: Away) -> None:
    for share, seconds in zip(SHARES, POSTGRESQL_AWAY_SECONDS, strict=False):
        _wait_for(site, before, share)
        away.since = away.since or time.monotonic()
        site.database.stop()
        time.sleep(seconds)
        site.database.start()
    away.until = time.monotonic()


def stop_redis(site: Machines, before: int, away: Away) -> None:
    _wait_for(site, before, SHARES[0])
    site.redis.stop()
    away.since = time.monotonic()
    time.sleep(REDIS_AWAY_SECONDS)
    away.until = time.monotonic()
    site.redis.start()


FAILURES: dict[str, Fail] = {
    "workers_killed": kill_workers,
    "web_killed": kill_web_server,
    "postgresql_failed": fail_postgresql,
    "redis_away": stop_redis,
}


def prove(folder: Path, options: Options, figures: Figures) -> None:
    browsers = options.browsers or BROWSERS
    how = f"{WORDS}; a broadcast to {browsers:,}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores before it"
    with machines(folder, browsers) as site, ordeal(site, Writer) as trial:
        for name, fail in FAILURES.items():
            away = Away()
            ended = trial.go_through(partial(fail, away=away))
            show = Shown(figures, f"machines_{name}", how)
            show_deliveries(show, ended, browsers)
            _show_badges(show, ended, trial, away, is_down=fail is fail_postgresql)
            _show_answers(show, ended, away, is_down=fail is fail_postgresql)
            if fail is stop_redis:
                _show_without_redis(show, ended, trial, away)
        show_stored(Shown(figures, "machines_failures", how), trial)


def _wait_for(site: Machines, before: int, share: float) -> None:
    site.made.service.wait_for(before + share * len(site.made.browsers), _MOST_SECONDS)


def _show_badges(show: Shown, ended: Ended, trial: Ordeal, away: Away, *, is_down: bool) -> None:
    """What was sent just before the database failed is counted when it can be asked again."""
    since = [
        max(one.at, away.until) if is_down and one.at >= away.since - JUST_BEFORE_SECONDS else one.at
        for one in ended.letters
    ]
    waited = [trial.mail.counted_at(one) - at for one, at in zip(ended.letters, since, strict=True)]
    how = f"from the answer to whoever sent it until the page counts it, at the worst of {len(waited)} messages"
    show("badge_seconds", max(waited), how, most=BADGE_SECONDS)
    meanwhile = sum(away.since <= letter.at <= away.until for letter in ended.letters)
    show("messages_meanwhile", meanwhile, "acknowledged while it was away")


def _show_answers(show: Shown, ended: Ended, away: Away, *, is_down: bool) -> None:
    wrong = [one for one in ended.answers if not (one.is_right or one.is_kind)]
    told = ", ".join(sorted({f"{one.status} {one.path}" for one in wrong}))
    show("api_wrong", len(wrong), f"neither right nor 503 with Retry-After, of {len(ended.answers)} {told}", most=0)
    show("api_seconds", max(one.seconds for one in ended.answers), "the slowest answer", most=ANSWER_SECONDS)
    unavailable = sum(one.is_kind for one in ended.answers)
    show("api_503", unavailable, "answers that say when to come back", least=1 if is_down else None)
    later = [one for one in ended.answers if one.is_right and one.at > away.until]
    back = {path: min(one.at for one in later if one.path == path) for path in {one.path for one in later}}
    show("api_back_seconds", max(back.values()) - away.until, "until each program is answered well again")


def _show_without_redis(show: Shown, ended: Ended, trial: Ordeal, away: Away) -> None:
    pushed, counted = ended.pushes.first_at, trial.mail.counted_at
    meanwhile = [letter for letter in ended.letters if away.since <= letter.at <= away.until]
    later = [letter for letter in ended.letters if letter.at > away.until]
    waited = max(pushed[letter.text] - letter.at for letter in meanwhile)
    show("push_seconds", waited, "from the answer until the push comes, of those sent without Redis", most=PUSH_SECONDS)
    caught_up = max(counted(letter) - away.until for letter in meanwhile)
    show(
        "badge_caught_up_seconds", caught_up, "until all are counted, once Redis is back", most=BADGE_AFTERWARDS_SECONDS
    )
    afterwards = max(counted(letter) - letter.at for letter in later)
    show("badge_afterwards_seconds", afterwards, "of those sent afterwards", most=BADGE_AFTERWARDS_SECONDS)
