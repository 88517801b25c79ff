"""The worker is killed at a random moment of a broadcast, and another is started: everybody gets it, once to see."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from soak.figures import Figures
from soak.options import Options
from soak.repeats import Verdict, judge
from soak.scene import Scene, scene
from webpush_app.delivery.models import FINAL, State

BROWSERS = 10_000
KILLS = 20
SHORT_LEASE_SECONDS = 3
FULL_LEASE_SECONDS = 60
FULL_LEASE_KILLS = 1
LATER_SECONDS = 5.0  # how long after its end at the latest what was under a lease is sent
RESENT_SHARE = 0.02
LAST_KILL_AT = 0.98
LATEST_SECONDS = 0.05  # the moment within what is going on then
STARTED_AGAIN_AFTER_SECONDS = 1.0  # as the keeper does it
MOST_SECONDS = 300.0


@dataclass(frozen=True)
class Kill:
    """One broadcast, in whose middle the worker was killed."""

    came_before: int
    held: int  # pushes that the killed worker had taken
    verdict: Verdict
    wrong_states: int
    wrong_tally: int
    first_seconds: float  # from the kill until anything was sent again
    resumed_seconds: float | None  # until something of what the killed worker held was
    all_resumed_seconds: float | None


def prove(folder: Path, options: Options, figures: Figures) -> None:
    browsers, kills = options.browsers or BROWSERS, options.runs or KILLS
    chance = random.Random(options.seed)
    for lease, number in ((SHORT_LEASE_SECONDS, kills), (FULL_LEASE_SECONDS, FULL_LEASE_KILLS)):
        if number:
            settings = {**options.settings, "PUSH_LEASE_SECONDS": str(lease)}
            with scene(folder / f"lease-{lease}", browsers, **settings) as made:
                seen = [_kill_in_the_middle(made, chance) for _ in range(number)]
            how = f"{number} kills of the worker, each in a broadcast to {browsers:,}; lease of {lease} s"
            _show(figures, seen, browsers, lease, f"{how}; {options.database}, seed {options.seed}")


def _kill_in_the_middle(made: Scene, chance: random.Random) -> Kill:
    service = made.service
    service.came.clear()
    number = made.broadcast()
    with made.worker() as worker:
        service.wait_for(chance.uniform(0, LAST_KILL_AT * len(made.browsers)), MOST_SECONDS)
        time.sleep(chance.uniform(0, LATEST_SECONDS))
        killed_at = time.monotonic()
        worker.kill()
    held = made.held()
    time.sleep(STARTED_AGAIN_AFTER_SECONDS)
    before = len(service.came)  # what had left the killed worker has arrived by now
    with made.worker():
        made.wait_until_final(number, MOST_SECONDS)
    again = [one for one in service.came[before:] if one.endpoint in held]
    states, tally = made.states(number), made.tally(number)
    return Kill(
        came_before=before,
        held=len(held),
        verdict=judge(made.browsers, service.came, made.opened),
        wrong_states=len(made.browsers) - states[State.ACCEPTED, None],
        wrong_tally=sum(abs(tally[state] - (len(made.browsers) if state == State.ACCEPTED else 0)) for state in FINAL),
        first_seconds=service.came[before].at - killed_at if len(service.came) > before else 0.0,
        resumed_seconds=min(one.at for one in again) - killed_at if again else None,
        all_resumed_seconds=max(one.at for one in again) - killed_at if again else None,
    )


def _show(figures: Figures, seen: Sequence[Kill], browsers: int, lease: int, how: str) -> None:
    name = "worker_kills" if lease == SHORT_LEASE_SECONDS else "worker_kills_full_lease"
    verdicts = [one.verdict for one in seen]
    figures.show(f"{name}_lost", sum(one.lost for one in verdicts), f"browsers that got nothing; {how}", most=0)
    shown = sum(one.shown_twice for one in verdicts)
    figures.show(f"{name}_shown_twice", shown, f"repeats with another Topic, or another tag; {how}", most=0)
    share = max(one.repeated for one in verdicts) / browsers
    figures.show(f"{name}_resent_share", share, f"of each broadcast, at the worst; {how}", most=RESENT_SHARE)
    wrong = sum(one.wrong_states + one.wrong_tally for one in seen)
    figures.show(f"{name}_wrong_states", wrong, f"rows not accepted, and what the tally says otherwise; {how}", most=0)
    unreadable = sum(one.unreadable + one.strange for one in verdicts)
    figures.show(f"{name}_unreadable", unreadable, f"pushes that cannot be verified and decrypted; {how}", most=0)
    resumed = [one.resumed_seconds for one in seen if one.resumed_seconds is not None]
    how_resumed = "from the kill until something that the killed worker had taken is sent, at the worst"
    if resumed:
        most = lease + LATER_SECONDS
        figures.show(f"{name}_resumed_seconds", max(resumed), f"{how_resumed}; {how}", most=most)
        last = max(one.all_resumed_seconds or 0.0 for one in seen)
        figures.show(f"{name}_all_resumed_seconds", last, f"until the last of them is, at the worst; {how}", most=most)
    first = max(one.first_seconds for one in seen)
    figures.show(f"{name}_first_seconds", first, f"until anything is, at the worst; {how}", most=lease + LATER_SECONDS)
    figures.show(f"{name}_held", max(one.held for one in seen), f"pushes taken by a killed worker, at most; {how}")
