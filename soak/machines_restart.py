"""New code for everything, one process after the other, while people write, programs ask and a broadcast goes out.
Nobody tries anything a second time: each request is answered well, and each push comes once."""

import os
from pathlib import Path

from bench.figures import tell
from soak.figures import Figures
from soak.machines import WORDS, Machines, machines
from soak.options import Options
from soak.ordeal import Ended, ordeal
from soak.ordeal_figures import Shown, show_deliveries, show_stored
from soak.person import Person
from soak.working import Author
from tests.deploy.reloading import reload

BROWSERS = 10_000
BEGUN_SHARE = 0.1  # of the broadcast, before the first is told
_TOLD = 5  # of the troubles; the rest are like them
_MOST_SECONDS = 300.0


def restart_workers(site: Machines, before: int) -> None:
    """`systemctl restart`, one after the other."""
    _wait_until_begun(site, before)
    for worker in site.workers:
        worker.restart()


def reload_web_servers(site: Machines, before: int) -> None:
    """`systemctl reload`, one after the other."""
    _wait_until_begun(site, before)
    for web in site.webs:
        reload(web.kept.pid)


RESTARTS = {"workers": restart_workers, "web": reload_web_servers}


def prove(folder: Path, options: Options, figures: Figures) -> None:
    browsers = options.browsers or BROWSERS
    how = f"{WORDS}; a broadcast to {browsers:,}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores before it"
    authors: list[Author] = []

    def make_author(person: Person, recipient: str) -> Author:
        authors.append(Author(person, recipient))
        return authors[-1]

    with machines(folder, browsers) as site, ordeal(site, make_author) as trial:
        for name, restart in RESTARTS.items():
            known = sum(len(author.troubles) for author in authors)
            ended = trial.go_through(restart)
            show = Shown(figures, f"machines_restart_{name}", how)
            _show_requests(show, ended, [trouble for author in authors for trouble in author.troubles][known:])
            show_deliveries(show, ended, browsers, most_resent=0)
        show_stored(Shown(figures, "machines_restart", how), trial)


def _wait_until_begun(site: Machines, before: int) -> None:
    site.made.service.wait_for(before + BEGUN_SHARE * len(site.made.browsers), _MOST_SECONDS)


def _show_requests(show: Shown, ended: Ended, troubles: list[str]) -> None:
    wrong = [f"{one.status} {one.path}" for one in ended.answers if not one.is_right]
    for line in (troubles + wrong)[:_TOLD]:
        tell(line)
    number = len(ended.answers) + 2 * len(ended.letters)
    show("failed", len(troubles) + len(wrong), f"requests, of {number:,}; none is made again", most=0)
    show("request_seconds", max(one.seconds for one in ended.answers), "the slowest answer to a program")
