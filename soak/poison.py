"""Some pushes kill the worker that meets them: they are set aside after three times, and everything else is delivered.

Two workers are kept alive, as keepers keep them. One that dies takes what it held with it until its lease ends; all of
that is suspect then, and none of it but the poison may be set aside.
"""

import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from soak.figures import Figures
from soak.options import Options
from soak.repeats import judge
from soak.scene import Scene, scene
from tests.push import poisoned_worker
from tests.push.browser_keys import BrowserKeys
from tests.push.service import MOZILLA
from webpush_app.accounts import service as accounts
from webpush_app.database import begin_write, db
from webpush_app.delivery.alerts import AlertKind
from webpush_app.delivery.models import State
from webpush_app.delivery.preparing import CRASHED, MOST_CRASHES
from webpush_app.messaging import composing as messages
from webpush_app.messaging.service import send_message
from webpush_app.protocol.subscription import read_subscription
from webpush_app.subscriptions.service import Viewer, subscribe

BROWSERS = 2000
POISON = 3
TEXT = "There is something about this text."
WORKERS = 2
LEASE_SECONDS = 3
PAUSE_SECONDS = 1.0  # of the keeper, before it starts a worker again
MOST_SECONDS = 300.0


def prove(folder: Path, options: Options, figures: Figures) -> None:
    browsers, poison = options.browsers or BROWSERS, options.runs or POISON
    how = f"{poison} of {browsers:,} pushes of a broadcast, and one of a message, kill one of {WORKERS} workers"
    how = f"{how}; lease of {LEASE_SECONDS} s; {options.database}, seed {options.seed}"
    with scene(folder, browsers, PUSH_LEASE_SECONDS=str(LEASE_SECONDS), **options.settings) as made:
        poisoned = set(random.Random(options.seed).sample(sorted(made.browsers), poison))
        file = folder / "poison"
        file.write_text("\n".join([*poisoned, TEXT]), encoding="utf-8")
        alerts = Counter(made.alerts())
        number = made.broadcast()
        message = _write_message(made)
        began = time.monotonic()
        deaths = _deaths_until_final(made, number, file)
        figures.show("poison_seconds", time.monotonic() - began, f"until everything is final; {how}")
        # Those that one worker had taken together share its death, and may share the next; the last time each is alone.
        most, least = MOST_CRASHES * (poison + 1), poison + MOST_CRASHES
        figures.show("poison_deaths", deaths, f"workers that died; {how}", least=least, most=most)
        new = Counter(made.alerts()) - alerts
        crashes = new[str(AlertKind.CRASHES), ""]
        figures.show("poison_alerts", crashes, f"alerts of crashes; {how}", least=1, most=1)
        _show_what_became_of_them(figures, made, (number, message), poisoned, how)


def _show_what_became_of_them(
    figures: Figures, made: Scene, written: tuple[int, int], poisoned: Collection[str], how: str
) -> None:
    number, message = written
    states = made.states(number)
    missed = len(poisoned) - states[State.FAILED, CRASHED] + (made.fate_of_message(message) != (State.FAILED, CRASHED))
    figures.show("poison_not_set_aside", missed, how, most=0)
    verdict = judge(made.browsers.keys() - set(poisoned), made.service.came, made.opened)
    figures.show("poison_lost", verdict.lost, f"bystanders that got nothing; {how}", most=0)
    figures.show("poison_shown_twice", verdict.shown_twice, f"repeats that replace nothing; {how}", most=0)
    set_aside = made.endpoints(number, State.FAILED) - set(poisoned)
    figures.show("poison_bystanders_set_aside", len(set_aside), how, most=0)
    wrong = len(made.browsers) - len(poisoned) - states[State.ACCEPTED, None]
    figures.show("poison_wrong_states", wrong, f"bystanders whose push is not accepted; {how}", most=0)


def _write_message(made: Scene) -> int:
    """To somebody with a browser: the worker dies when it makes the text of the push."""
    with made.app.app_context():
        begin_write()
        author, reader = (accounts.create_user(f"person-{secrets.token_hex(3)}", "no password") for _ in range(2))
        db.session.flush()
        made.guests.append(f"https://{MOZILLA}/wpush/v2/{secrets.token_urlsafe(48)}")
        given = read_subscription(BrowserKeys.make().to_json(made.guests[-1]))
        subscribe(given, Viewer(reader), vapid_public_key=made.public_key, browser="Firefox|Linux", locale="en")
        message = send_message(author, reader, TEXT)
        db.session.commit()
        return message.id


def _deaths_until_final(made: Scene, number: int, file: Path) -> int:
    is_over = threading.Event()

    def keep_alive() -> int:
        deaths = 0
        while not is_over.is_set():
            with made.worker(poisoned_worker.MODULE, PUSH_POISON=str(file)) as worker:
                while worker.process.poll() is None and not is_over.wait(0.02):
                    pass
                deaths += worker.process.poll() is not None
            is_over.wait(PAUSE_SECONDS)
        return deaths

    with ThreadPoolExecutor(WORKERS) as pool:
        kept = [pool.submit(keep_alive) for _ in range(WORKERS)]
        try:
            made.wait_until(lambda: made.is_final(number) and not made.waiting(messages.KIND), MOST_SECONDS)
        finally:
            is_over.set()
        return sum(one.result() for one in kept)
