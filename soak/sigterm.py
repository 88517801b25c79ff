"""The worker is told to end in the middle of a broadcast, again and again: it ends soon, nothing is lost or repeated.

Some answers take seconds, so that there is always something under way that is worth waiting for.
"""

import hashlib
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from soak.figures import Figures
from soak.options import Options
from soak.repeats import judge
from soak.scene import Scene, scene
from tests.push.listener import Reply
from webpush_app.delivery.models import State

BROWSERS = 10_000
STOPS = 20
MOST_STOP_SECONDS = 15.0
SLOW_SECONDS = 2.0
ONE_SLOW_OF = 200
LAST_STOP_AT = 0.98
MOST_SECONDS = 300.0


@dataclass(frozen=True)
class Stop:
    seconds: float
    code: int
    held: int  # what it took with it: nobody gets these before the end of its lease


def prove(folder: Path, options: Options, figures: Figures) -> None:
    browsers, stops = options.browsers or BROWSERS, options.runs or STOPS
    chance = random.Random(options.seed)
    moments = sorted(chance.uniform(0, LAST_STOP_AT * browsers) for _ in range(stops))
    with scene(folder, browsers, **options.settings) as made:
        made.service.answer = _sometimes_slow
        number = made.broadcast()
        seen = [_stop_at(made, moment) for moment in moments]
        with made.worker():
            made.wait_until_final(number, MOST_SECONDS)
        verdict = judge(made.browsers, made.service.came, made.opened)
        accepted, attempts = made.states(number)[State.ACCEPTED, None], made.attempts(number)
    how = (
        f"SIGTERM {stops} times in one broadcast to {browsers:,}, one of {ONE_SLOW_OF} answered after "
        f"{SLOW_SECONDS:g} s; {options.database}, seed {options.seed}"
    )
    longest = max(one.seconds for one in seen)
    figures.show("sigterm_seconds", longest, f"until the worker has ended, at the worst; {how}", most=MOST_STOP_SECONDS)
    figures.show("sigterm_lost", verdict.lost, f"browsers that got nothing; {how}", most=0)
    figures.show("sigterm_resent", verdict.repeated, f"pushes sent again; {how}", most=0)
    figures.show("sigterm_unreadable", verdict.unreadable, f"pushes that cannot be decrypted; {how}", most=0)
    figures.show("sigterm_wrong_states", browsers - accepted, f"rows that are not accepted; {how}", most=0)
    figures.show("sigterm_attempts", attempts, f"what is handed back uses no attempt; {how}", most=1)
    figures.show("sigterm_kept", sum(one.held for one in seen), f"pushes not handed back; {how}", most=0)
    figures.show("sigterm_codes", sum(one.code != 0 for one in seen), f"ends with another code than 0; {how}", most=0)


def _stop_at(made: Scene, moment: float) -> Stop:
    with made.worker() as worker:
        made.service.wait_for(moment, MOST_SECONDS)
        began = time.monotonic()
        code = worker.stop(signal.SIGTERM)
        seconds = time.monotonic() - began
    return Stop(seconds, code, len(made.held()))


def _sometimes_slow(endpoint: str) -> Reply:
    is_slow = int.from_bytes(hashlib.sha256(endpoint.encode()).digest()[:8]) % ONE_SLOW_OF == 0
    return Reply(201, after_seconds=SLOW_SECONDS if is_slow else 0.0)
