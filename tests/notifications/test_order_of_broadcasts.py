"""What is for everybody has its place among the ticks of everybody's clock: who follows with a cursor misses neither it
nor what is told beside it, whoever commits first and wherever the machine's clock goes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.broadcasts.conftest import Hands
from tests.broadcasts.site import Site
from tests.notifications.inboxes import INBOX, MESSAGES, Inboxes
from tests.people import Browser, People
from tests.server.crowd import at_once
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db
from webpush_app.messaging import service as messaging
from webpush_app.notifications import inbox
from webpush_app.notifications.models import InboxItem

WAITS_SECONDS = 0.5


class Follower:
    """An open page that asks all the time, and once more when everything is over."""

    def __init__(self, browser: Browser) -> None:
        self.browser, self.is_over = browser, threading.Event()
        self.known: dict[str, Any] = {}

    def follow(self) -> None:
        since: float = 0
        is_last = False
        while not is_last:
            is_last = self.is_over.is_set()
            for news in self.browser.get(f"/notifications?since={since!r}").json or []:
                assert news["timestamp"] > since
                since, self.known[news["name"]] = news["timestamp"], news["data"]


@contextmanager
def held_open(app: Flask) -> Iterator[None]:
    """What is written in here is committed at its end."""
    with app.app_context():
        begin_write()
        yield
        db.session.commit()


def begun(act: Any, *given: Any) -> threading.Thread:
    """Somebody else who has had time to finish, where nothing holds them up."""
    other = threading.Thread(target=act, args=given)
    other.start()
    other.join(timeout=WAITS_SECONDS)
    return other


def write_in_here(author_id: int, recipient_id: int) -> None:
    author, recipient = (db.session.get_one(User, user_id) for user_id in (author_id, recipient_id))
    messaging.send_message(author, recipient, "hello")


@pytest.mark.postgresql_only("SQLite lets one write at a time anyway")
def test_what_is_told_while_a_broadcast_is_published_comes_after_it(
    app: Flask, people: People, site: Site, inboxes: Inboxes, hands: Hands
) -> None:
    """Else it could be there first with an earlier place, or with the same one, and be missed by who asks later."""
    susan, john = people("susan"), people("john")
    with held_open(app):
        inbox.publish("broadcast", 1)
        other = begun(people.write, john, susan, "hello")
    with app.app_context():
        query = select(InboxItem.published_at).where(InboxItem.user_id.is_(None))
        published = db.session.execute(query).scalar_one() or 0
    other.join(timeout=10)
    assert inboxes.told(susan, published)[MESSAGES] == 1
    assert inboxes.told(susan, published)[INBOX]["count"] == 2


@pytest.mark.postgresql_only("SQLite lets one write at a time anyway")
def test_a_broadcast_waits_for_what_is_being_told_and_comes_after_it(
    app: Flask, people: People, site: Site, inboxes: Inboxes, hands: Hands
) -> None:
    """Else who asks in between takes the place of the broadcast for their cursor, and misses the message."""
    susan, john = people("susan"), people("john")
    with held_open(app):
        write_in_here(john, susan)
        hands.move(seconds=1)
        other = begun(site.start)
        meanwhile = inboxes.moment(susan) if inboxes.told(susan) else 0
    other.join(timeout=10)
    assert inboxes.told(susan, meanwhile)[MESSAGES] == 1
    assert inboxes.told(susan, meanwhile)[INBOX]["count"] == 2


def test_a_clock_that_steps_back_puts_a_message_after_the_broadcast(
    people: People, site: Site, inboxes: Inboxes, hands: Hands
) -> None:
    susan, john = people("susan"), people("john")
    site.start()
    published = inboxes.moment(susan)
    hands.move(hours=-1)
    people.write(john, susan, "hello")
    assert inboxes.told(susan, published)[MESSAGES] == 1
    people.write(john, susan, "hello again")
    assert inboxes.told(susan, published)[MESSAGES] == 2


def test_a_clock_that_steps_back_puts_a_broadcast_after_the_message(
    people: People, site: Site, inboxes: Inboxes, hands: Hands
) -> None:
    susan, john = people("susan"), people("john")
    hands.move(hours=1)
    people.write(john, susan, "hello")
    told = inboxes.moment(susan)
    hands.move(minutes=-59)
    site.start()
    assert inboxes.told(susan, told)[INBOX]["count"] == 2


def test_of_two_broadcasts_in_one_moment_the_second_is_news_too(
    people: People, site: Site, inboxes: Inboxes, hands: Hands
) -> None:
    susan = people("susan")
    site.start()
    first = inboxes.moment(susan)
    site.start()
    assert inboxes.told(susan, first)[INBOX]["count"] == 2
    assert inboxes.moment(susan) > first


def test_a_message_between_two_broadcasts_is_counted_with_both(
    people: People, site: Site, inboxes: Inboxes, hands: Hands
) -> None:
    """What was told of the inbox itself is older than the broadcast, and must not be given as how it stands."""
    susan, john = people("susan"), people("john")
    site.start()
    people.write(john, susan, "hello")
    site.start()
    assert inboxes.told(susan)[INBOX] == inboxes.stand(susan)[susan] == {"count": 3, "newest": 3, "unread": [3, 2, 1]}


def test_who_follows_while_many_write_and_one_publishes_ends_where_the_truth_is(
    app: Flask, people: People, site: Site, inboxes: Inboxes, hands: Hands
) -> None:
    """The clock stands still: nothing but the order of the ticks keeps them apart."""
    susan = people.browser("susan")
    writers = [people(name) for name in ("john", "anna", "mary")]
    followers = [Follower(people.browser("susan")) for _number in range(2)]
    watching = [threading.Thread(target=follower.follow) for follower in followers]

    def publish() -> None:
        for _number in range(8):
            site.start()

    for thread in watching:
        thread.start()
    acts = [publish, *(lambda writer=writer: people.write(writer, susan.user_id, *["hi"] * 8) for writer in writers)]
    at_once(lambda act: act(), acts)
    for follower, thread in zip(followers, watching, strict=True):
        follower.is_over.set()
        thread.join(timeout=60)
    standing = inboxes.stand(susan.user_id)[susan.user_id]
    assert [follower.known for follower in followers] == [{MESSAGES: 24, INBOX: standing}] * 2
    assert standing["count"] == 32
    inboxes.check(susan)
