"""What the machines go through together: a broadcast, people who write to each other, programs that ask the API, and in
the midst of it something that fails. Then it is counted who got what."""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from soak.asking import Answered, Program
from soak.ledger import Verdict as Stored
from soak.ledger import judge as judge_stored
from soak.machines import Machines
from soak.mail import Author, Letter, Mail, Pushes, is_personal, pushes_for
from soak.person import Person
from soak.repeats import Verdict, judge
from soak.residents import names_of, settle_in
from soak.stored import stored
from soak.town import give_browsers
from tests.deploy.visitors import Guest
from tests.push.browser_keys import BrowserKeys
from tests.push.service import MOZILLA
from tests.repeating import repeating
from webpush_app.delivery.models import State
from webpush_app.messaging.composing import KIND as MESSAGE

PAIRS = 4
WRITE_EVERY_SECONDS = 0.25
ASK_EVERY_SECONDS = 0.1
BEFORE_SECONDS = 1.0
AFTERWARDS_SECONDS = 8.0
_MOST_SECONDS = 300.0
_BADGES_SECONDS = 60.0

Happen = Callable[[Machines, int], None]
"""It is told how many pushes had come before the broadcast."""
MakeAuthor = Callable[[Person, str], Author]


@dataclass(frozen=True)
class Ended:
    """One broadcast, and what went on beside it."""

    broadcast: Verdict
    wrong_states: int
    seconds: float
    letters: Sequence[Letter]
    pushes: Pushes
    answers: Sequence[Answered]


@dataclass(frozen=True)
class Ordeal:
    site: Machines
    mail: Mail
    names: Sequence[str]
    programs: Sequence[Program]

    def go_through(self, happen: Happen) -> Ended:
        made, began = self.site.made, time.monotonic()
        before = len(made.service.came)
        answered = [len(program.answers) for program in self.programs]
        with self.mail.being_written():
            time.sleep(BEFORE_SECONDS)
            number = made.broadcast()
            self.programs[-1].path = f"/admin-api/broadcasts/{number}"
            with repeating([program.ask for program in self.programs], ASK_EVERY_SECONDS):
                happen(self.site, before)
                self.site.wait_until(lambda: made.is_final(number), _MOST_SECONDS)
                seconds = time.monotonic() - began
                time.sleep(AFTERWARDS_SECONDS)
        letters = self._wait_for_letters(began)
        came = made.service.came[before:]
        return Ended(
            broadcast=judge(made.browsers, (one for one in came if not is_personal(one)), made.opened),
            wrong_states=len(made.browsers) - made.states(number)[State.ACCEPTED, None],
            seconds=seconds,
            letters=letters,
            pushes=pushes_for(letters, came, made.opened),
            answers=[one for each, first in zip(self.programs, answered, strict=True) for one in each.answers[first:]],
        )

    def stored(self) -> tuple[Stored, int, int]:
        """What the database holds of all messages; halves of them; and people whose badge is wrong."""
        sent = [message for author in self.mail.authors for message in author.sent]
        with stored(self.site.made.folder, self.site.made.settings, self.names) as found:
            return judge_stored(sent, found.messages()), found.halves(), found.wrong_counts()

    def _wait_for_letters(self, since: float) -> Sequence[Letter]:
        letters = self.mail.letters(since)
        self.site.wait_until(lambda: self.site.made.waiting(MESSAGE) == 0, _MOST_SECONDS)
        self.mail.pages.wait_until(
            lambda: all(self.mail.counted_at(one) < time.monotonic() for one in letters), _BADGES_SECONDS
        )
        return letters


@contextmanager
def ordeal(site: Machines, make_author: MakeAuthor) -> Iterator[Ordeal]:
    app = site.made.app
    writers, readers = settle_in(app, names_of("writer", PAIRS)), settle_in(app, names_of("reader", PAIRS))
    give_browsers(site.made, readers)
    with ExitStack() as stack:
        people = [site.person(writer) for writer in writers]
        programs = _programs(site)
        for visitor in (*(person.visitor for person in people), *(program.visitor for program in programs)):
            stack.enter_context(visitor)
        pages = stack.enter_context(site.pages(readers))
        pages.wait_until_greeted(pages.connect(), _BADGES_SECONDS)
        authors = [make_author(person, reader.name) for person, reader in zip(people, readers, strict=True)]
        mail = Mail(authors, pages, WRITE_EVERY_SECONDS)
        yield Ordeal(site, mail, [one.name for one in (*writers, *readers)], programs)


def _programs(site: Machines) -> Sequence[Program]:
    """A page that asks for its news, a browser that says again and again that it is on, and an admin who watches."""
    [watcher, subscriber] = settle_in(site.made.app, names_of("program", 2))
    [admin] = settle_in(site.made.app, names_of("mayor", 1), is_admin=True)
    endpoint, keys = f"https://{MOZILLA}/wpush/v2/{secrets.token_urlsafe(48)}", BrowserKeys.make()
    body = json.dumps(keys.to_json(endpoint)).encode()
    headers = {"Content-Type": "application/json", "Origin": site.front.url}
    subscribing = Program(Guest(site.front, subscriber.cookie), "POST", "/api/push-subscriptions", body, headers)
    subscribing.ask()
    assert subscribing.answers[-1].is_right
    site.made.browsers[endpoint] = keys  # one of those to whom broadcasts go
    return [
        Program(Guest(site.front, watcher.cookie), "GET", "/notifications?since=0"),
        subscribing,
        Program(Guest(site.front, admin.cookie), "GET", "/admin-api/broadcasts/0"),
    ]
