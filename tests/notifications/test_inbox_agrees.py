"""Whatever happens, and in whatever order: the rows, what open pages are told, a page that is opened and the tutorials'
list say the same of an inbox; and who follows with a cursor ends where the truth is."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.broadcasts.conftest import Hands
from tests.broadcasts.site import Site
from tests.notifications.inboxes import INBOX, MESSAGES, Inboxes
from tests.people import Browser, People
from webpush_app.accounts.models import User
from webpush_app.accounts.service import choose_language
from webpush_app.database import db
from webpush_app.messaging import service as messaging
from webpush_app.notifications.news import as_since

OWN = {"Origin": "http://localhost"}
AUDIENCES = ["everyone", "signed_in", "anonymous", "language:en", "language:es"]
STEPS = 40


class Follower:
    """A page that was opened once, and then asks for what is newer."""

    def __init__(self, browser: Browser, inboxes: Inboxes) -> None:
        self.browser = browser
        self.since: float = as_since(inboxes.moment(browser.user_id))
        self.known: dict[str, Any] = {
            INBOX: inboxes.stand(browser.user_id)[browser.user_id],
            MESSAGES: inboxes.unread_messages(browser.user_id),
        }

    def ask(self) -> None:
        for news in self.browser.get(f"/notifications?since={self.since!r}").json or []:
            assert news["timestamp"] > self.since
            self.since, self.known[news["name"]] = news["timestamp"], news["data"]


class Life:
    """What can happen to two readers, one step after the other, as chance wants it."""

    def __init__(self, seed: int, site: Site, people: People, hands: Hands) -> None:
        self.chance, self.site, self.people, self.hands = random.Random(seed), site, people, hands
        self.readers = [people.browser("susan"), people.browser("mary")]
        self.authors = ["john", "anna"]
        self.ids = {name: people(name) for name in self.authors}
        self._steps: list[Callable[[Browser], object]] = [
            *(self.write, self.write, self.publish, self.subscribe, self.read_conversation, self.read_messages),
            *(self.read_item, self.read_item, self.read_everything, self.change_language, self.step_back),
        ]

    def step(self) -> str:
        """Its name, for who looks at a failure."""
        reader, step = self.chance.choice(self.readers), self.chance.choice(self._steps)
        step(reader)
        self.hands.move(seconds=self.chance.choice([0, 0, 1]))
        return f"{step.__name__} {reader.username}"

    def write(self, reader: Browser) -> None:
        self.people.write(self.ids[self.chance.choice(self.authors)], reader.user_id, "hello")

    def publish(self, _reader: Browser) -> None:
        self.site.start(self.chance.choice(AUDIENCES))

    def subscribe(self, reader: Browser) -> None:
        self.site.browser(reader.user_id)

    def read_conversation(self, reader: Browser) -> None:
        assert reader.get(f"/messages/with/{self.chance.choice(self.authors)}").status_code == 200

    def read_messages(self, reader: Browser) -> None:
        assert reader.get("/messages").status_code == 200

    def read_item(self, reader: Browser) -> None:
        """Whichever: it may be somebody else's, read already, or none."""
        item = self.chance.randint(1, STEPS)
        answer = reader.client.post("/api/inbox/read", json={"id": item}, headers=OWN)
        assert answer.status_code in (200, 404)

    def read_everything(self, reader: Browser) -> None:
        assert reader.client.post("/api/inbox/read", json={"all": True}, headers=OWN).status_code == 200

    def change_language(self, reader: Browser) -> None:
        language = self.chance.choice(["en", "es"])
        self.site.writing(lambda: choose_language(db.session.get_one(User, reader.user_id), language))

    def step_back(self, _reader: Browser) -> None:
        """The machine's clock does; not behind the registrations, which say what is for whom."""
        self.hands.move(seconds=-self.chance.random())


@pytest.mark.parametrize("seed", range(3))
def test_after_any_sequence_of_events_all_who_can_tell_say_the_same(
    seed: int, site: Site, people: People, hands: Hands, inboxes: Inboxes
) -> None:
    life = Life(seed, site, people, hands)
    followers = [Follower(reader, inboxes) for reader in life.readers]
    done = []
    for _number in range(STEPS):
        done.append(life.step())
        inboxes.check(*life.readers)
        for follower in followers:
            follower.ask()
            stand = inboxes.stand(follower.browser.user_id)[follower.browser.user_id]
            assert follower.known[INBOX] == stand, done
            assert follower.known[MESSAGES] == inboxes.unread_messages(follower.browser.user_id), done


def test_a_page_is_as_of_the_moment_from_which_it_asks_on(
    susan: Browser, people: People, site: Site, inboxes: Inboxes
) -> None:
    john = people("john")
    for happens in (lambda: people.write(john, susan.user_id, "hello"), site.start):
        happens()
        follower = Follower(susan, inboxes)
        assert susan.get(f"/notifications?since={follower.since!r}").json == []
        assert follower.known[INBOX]["count"] == inboxes.stand(susan.user_id)[susan.user_id]["count"]


def test_somebody_new_has_nothing_to_read(site: Site, inboxes: Inboxes, people: People) -> None:
    site.start()
    nina = people.browser("nina")
    inboxes.check(nina)
    assert inboxes.unread(nina.user_id) == []
    with site.app.app_context():
        assert messaging.count_unread(nina.user_id) == 0
