"""A broadcast while a worker is killed, a web server is killed, PostgreSQL fails three times, or Redis is away for a minute
and has forgotten everything: nobody is left out, nobody sees anything twice, people go on writing, and a program is told
within five seconds when to come back."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from soak.figures import Figures
from soak.machines import WORDS, Machines, machines
from soak.options import Options
from soak.ordeal import Ended, Ordeal, ordeal
from soak.persisting import Writer

BROWSERS = 10_000
SHARES = (0.15, 0.4, 0.65)  # of the broadcast, after which something fails
POSTGRESQL_AWAY_SECONDS = (0.0, 5.0, 10.0)
REDIS_AWAY_SECONDS = 60.0
BADGE_SECONDS = 15.0
BADGE_AFTERWARDS_SECONDS = 5.0
PUSH_SECONDS = 15.0
ANSWER_SECONDS = 5.0
_MOST_SECONDS = 300.0


@dataclass
class Away:
    """When something was away, by the clock that only goes forward."""

    since: float = 0.0
    until: float = 0.0


class Fail(Protocol):
    def __call__(self, site: Machines, before: int, away: Away) -> None: ...


def kill_worker(site: Machines, before: int, away: Away) -> None:
    _wait_for(site, before, SHARES[1])
    away.since = time.monotonic()
    worker = site.workers[0]
    starts = worker.starts
    worker.kill_main()
    worker.wait_until_up(after=starts)
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
    "worker_killed": kill_worker,
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
            show = _Shown(figures, f"machines_{name}", how)
            _show_deliveries(show, ended, browsers)
            _show_badges(show, ended, trial, away)
            _show_answers(show, ended, is_down=fail is fail_postgresql)
            if fail is stop_redis:
                _show_without_redis(show, ended, trial, away)
        _show_stored(_Shown(figures, "machines_failures", how), trial)


@dataclass(frozen=True)
class _Shown:
    figures: Figures
    name: str
    how: str

    def __call__(
        self, figure: str, value: float, what: str, *, most: float | None = None, least: float | None = None
    ) -> None:
        self.figures.show(f"{self.name}_{figure}", value, f"{what}; {self.how}", most=most, least=least)


def _wait_for(site: Machines, before: int, share: float) -> None:
    site.made.service.wait_for(before + share * len(site.made.browsers), _MOST_SECONDS)


def _show_deliveries(show: _Shown, ended: Ended, browsers: int) -> None:
    broadcast, letters = ended.broadcast, ended.pushes.verdict
    show("lost", broadcast.lost + letters.lost, "browsers without the broadcast, messages without a push", most=0)
    show("shown_twice", broadcast.shown_twice + letters.shown_twice, "repeats of another Topic, or tag", most=0)
    unreadable = broadcast.unreadable + letters.unreadable + broadcast.strange
    show("unreadable", unreadable, "pushes that cannot be verified and decrypted, or are for nobody", most=0)
    show("wrong_states", ended.wrong_states, "rows of the broadcast that are not accepted", most=0)
    show("resent_share", broadcast.repeated / browsers, "of the broadcast, replaced by Topic")
    show("seconds", ended.seconds, "until the broadcast was over")


def _show_badges(show: _Shown, ended: Ended, trial: Ordeal, away: Away) -> None:
    waited = [trial.mail.counted_at(letter) - letter.at for letter in ended.letters]
    how = f"from the answer to whoever sent it until the page counts it, at the worst of {len(waited)} messages"
    show("badge_seconds", max(waited), how, most=BADGE_SECONDS)
    meanwhile = sum(away.since <= letter.at <= away.until for letter in ended.letters)
    show("messages_meanwhile", meanwhile, "acknowledged while it was away")


def _show_answers(show: _Shown, ended: Ended, *, is_down: bool) -> None:
    wrong = [one for one in ended.answers if not (one.is_right or one.is_kind)]
    told = ", ".join(sorted({f"{one.status} {one.path}" for one in wrong}))
    show("api_wrong", len(wrong), f"neither right nor 503 with Retry-After, of {len(ended.answers)} {told}", most=0)
    show("api_seconds", max(one.seconds for one in ended.answers), "the slowest answer", most=ANSWER_SECONDS)
    unavailable = sum(one.is_kind for one in ended.answers)
    show("api_503", unavailable, "answers that say when to come back", least=1 if is_down else None)


def _show_without_redis(show: _Shown, ended: Ended, trial: Ordeal, away: Away) -> None:
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


def _show_stored(show: _Shown, trial: Ordeal) -> None:
    verdict, halves, wrong_counts = trial.stored()
    show("messages_lost", verdict.lost, f"of {verdict.sent} sent, acknowledged and not stored", most=0)
    show("messages_stored_twice", verdict.stored_twice, "rows beyond one for each message", most=0)
    show("messages_unanswered", trial.mail.unanswered(), "given up by their authors after a minute", most=0)
    show("messages_halves", halves, "messages without a push, pushes without a message", most=0)
    show("wrong_counts", wrong_counts, "people whose badge is wrong in the end", most=0)
    show("messages_tried_again", verdict.tried_again, "acknowledged at a later attempt than the first")
    _show_output(show, trial.site)


def _show_output(show: _Shown, site: Machines) -> None:
    said = site.complaints("Traceback", "round_failed", "database_busy", "broker_")
    show("tracebacks", said["Traceback"], f"in all that our processes said; {dict(said)}")
