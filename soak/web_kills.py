"""The web process is killed again and again while people send: what was acknowledged is there, and once.

It is killed at random moments; each fourth time every process of the service is, as when the machine loses its power,
and it is started again by its command.
"""

import random
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from soak.figures import Figures
from soak.ledger import Verdict, judge
from soak.options import Options
from soak.persisting import Writer
from soak.person import NOWHERE, registered
from soak.service import Service
from soak.stored import stored

POSTS = 2000
KILLS = 20
WRITERS = 8
EVERYTHING_EVERY = 4
LAST_KILL_AT = 0.95  # of all posts: something is still sent after it
LATEST_SECONDS = 0.05  # the moment within what is going on then
MOST_SECONDS = 900.0


def prove(folder: Path, options: Options, figures: Figures) -> None:
    posts, kills = options.posts or POSTS, options.runs or KILLS
    settings = {**options.settings, "PUSH_SERVICE_HOSTS": NOWHERE}
    names = [f"writer-{secrets.token_hex(3)}-{number}" for number in range(WRITERS)]
    started = time.monotonic()
    with Service(folder, settings) as service, registered(service.port, names) as people:
        for person in people:
            person.subscribe()
        writers = [Writer(one, to) for one, to in zip(people, [*names[1:], names[0]], strict=True)]
        _write_and_kill(service, writers, posts, kills, random.Random(options.seed))
    how = (
        f"{posts:,} posts by {WRITERS} people, the process that serves them killed {kills} times, "
        f"{kills // EVERYTHING_EVERY} of them with all others; {options.database}, "
        f"{time.monotonic() - started:.0f} s, seed {options.seed}"
    )
    with stored(folder, settings, names) as found:
        verdict = judge([message for writer in writers for message in writer.sent], found.messages())
        _show(figures, verdict, found.halves(), found.wrong_counts(), how)


def _write_and_kill(service: Service, writers: Sequence[Writer], posts: int, kills: int, chance: random.Random) -> None:
    shares = [posts // len(writers) + (number < posts % len(writers)) for number in range(len(writers))]
    moments = sorted(chance.uniform(0, LAST_KILL_AT * posts) for _ in range(kills))
    with ThreadPoolExecutor(len(writers)) as pool:
        writing = [pool.submit(writer.write, share) for writer, share in zip(writers, shares, strict=True)]
        for number, moment in enumerate(moments, start=1):
            _wait_for(moment, writers, writing)
            time.sleep(chance.uniform(0, LATEST_SECONDS))
            if number % EVERYTHING_EVERY:
                service.kill_web_process()
            else:
                service.kill_everything()
        for one in writing:
            one.result(timeout=MOST_SECONDS)


def _wait_for(acknowledged: float, writers: Sequence[Writer], writing: Sequence[Future[None]]) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while sum(writer.acknowledged for writer in writers) < acknowledged:
        for one in writing:
            if one.done():
                one.result()  # raises what went wrong
        if all(one.done() for one in writing) or time.monotonic() > deadline:
            raise AssertionError("too few messages were acknowledged; the service was away for too long")
        time.sleep(0.002)


def _show(figures: Figures, verdict: Verdict, halves: int, wrong_counts: int, how: str) -> None:
    unanswered = verdict.sent - verdict.acknowledged
    figures.show("web_kills_lost", verdict.lost, f"acknowledged and not stored; {how}", most=0)
    figures.show("web_kills_stored_twice", verdict.stored_twice, f"rows beyond one for each message; {how}", most=0)
    figures.show("web_kills_unheard_of", verdict.unheard_of, f"stored, and sent by nobody; {how}", most=0)
    figures.show("web_kills_halves", halves, f"messages without a push, pushes without a message; {how}", most=0)
    figures.show("web_kills_wrong_counts", wrong_counts, f"people whose badge is wrong afterwards; {how}", most=0)
    figures.show("web_kills_unanswered", unanswered, f"given up by their authors after a minute; {how}", most=0)
    figures.show("web_kills_tried_again", verdict.tried_again, f"acknowledged at a later attempt than the first; {how}")
    known = "of these, stored by an earlier attempt whose answer was lost"
    figures.show("web_kills_known_again", verdict.known_again, f"{known}; {how}")
