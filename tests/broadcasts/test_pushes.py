"""What a browser is sent for a broadcast, from the admin's form to the decrypted push; and who is sent nothing."""

from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete

from tests.broadcasts.conftest import Hands
from tests.broadcasts.delivery import Delivery
from tests.broadcasts.site import Site
from tests.people import Browser, People
from tests.push.service import GOOGLE, MOZILLA, PushService, Subscribed
from webpush_app import clock
from webpush_app.broadcasts.models import Broadcast
from webpush_app.broadcasts.service import Progress
from webpush_app.database import db
from webpush_app.delivery.models import State

OWN = {"Origin": "http://localhost"}
API = "/api/push-subscriptions"
FOUR_HOURS = 4 * 3600
FAMILY = "👨‍👩‍👧‍👦"  # one character to a person


@dataclass(frozen=True)
class Sending:
    """Everything between an admin's form and a browser."""

    site: Site
    admin: Browser
    service: PushService
    key: str
    delivery: Delivery

    def subscribe(self, client: FlaskClient) -> Subscribed:
        """As the page does it."""
        subscribed = self.service.subscribe(self.key)
        self.post(client, subscribed)
        return subscribed

    def post(self, client: FlaskClient, subscribed: Subscribed) -> None:
        given = {**subscribed.to_json(), "applicationServerKey": self.key}
        assert client.post(API, json=given, headers=OWN).status_code in (200, 201)

    def browser(self, host: str = MOZILLA) -> Subscribed:
        """A stranger's, without the page."""
        subscribed = self.service.subscribe(self.key, host)
        self.site.browser(given=subscribed.to_json())
        return subscribed

    def send(self, **fields: str) -> None:
        """By the form; and what it asks of the worker."""
        answer = self.admin.submit("/admin", {"title": "News", "audience": "everyone", **fields})
        assert answer.status_code == 302
        self.site.fan_out()
        self.delivery.run()


@pytest.fixture
def sending(site: Site, admin: Browser, push_service: PushService, key: str, delivery: Delivery) -> Sending:
    return Sending(site, admin, push_service, key, delivery)


def test_the_push_says_what_the_admin_wrote(site: Site, sending: Sending, stranger: FlaskClient) -> None:
    subscribed = sending.subscribe(stranger)
    sending.send(title="Soup 🍲", body="at\nnoon", link="/messages?page=2")
    (received,) = subscribed.received
    sent_at = site.row(1).created_at
    assert received.json() == {
        "title": "Soup 🍲",
        "body": "at\nnoon",
        "url": "/messages?page=2",
        "tag": "broadcast-1",
        "timestamp": clock.to_microseconds(sent_at) // 1000,
    }
    assert received.claims.subject == "mailto:ops@example.com"
    assert received.headers["urgency"] == "normal"
    assert FOUR_HOURS - 60 < int(received.headers["ttl"]) <= FOUR_HOURS
    assert len(received.headers["topic"]) == 32
    assert sending.service.refusals == []
    assert site.progress(1) == Progress(1, accepted=1, failed=0, is_done=True)


def test_without_a_link_it_opens_the_front_page(site: Site, sending: Sending, stranger: FlaskClient) -> None:
    subscribed = sending.subscribe(stranger)
    sending.send()
    (received,) = subscribed.received
    assert (received.json()["url"], received.json()["body"]) == ("/", "")


def test_each_broadcast_is_a_notification_of_its_own(site: Site, sending: Sending) -> None:
    subscribed = [sending.browser(), sending.browser(GOOGLE)]
    for title in ("One", "Two"):
        site.start(title=title)
    site.fan_out()
    assert sending.delivery.run() == 4
    for one in subscribed:
        assert {push.json()["tag"]: push.json()["title"] for push in one.received} == {
            "broadcast-1": "One",
            "broadcast-2": "Two",
        }
    assert len({push.headers["topic"] for push in sending.service.received}) == 4


def test_it_waits_no_longer_than_it_is_of_use(site: Site, sending: Sending, hands: Hands) -> None:
    subscribed = sending.browser()
    broadcast = site.start()
    hands.move(hours=3)
    site.fan_out()
    sending.delivery.run()
    assert int(subscribed.received[0].headers["ttl"]) == 3600
    late = site.start()
    hands.move(hours=5)
    site.fan_out()
    assert sending.delivery.run() == 1
    assert len(subscribed.received) == 1
    assert site.progress(broadcast).accepted == 1
    assert site.states(late) == {State.EXPIRED: 1}
    assert site.progress(late) == Progress(1, accepted=0, failed=1, is_done=True)


def test_a_browser_that_was_signed_out_gets_no_broadcast(
    site: Site, sending: Sending, admin: Browser, susan: Browser
) -> None:
    hers, kept = (sending.subscribe(client) for client in (susan.client, admin.client))
    susan.submit("/logout", form_at="/people")
    sending.send()
    assert (len(hers.received), len(kept.received)) == (0, 1)
    assert site.row(1).audience_size == 1
    # Until it agrees anew, to the news for everybody.
    sending.post(susan.client, hers)
    sending.send()
    assert (len(hers.received), len(kept.received)) == (1, 2)


def test_nor_one_whose_person_signs_out_meanwhile(site: Site, sending: Sending, people: People, admin: Browser) -> None:
    here, there = people.browser("susan"), people.browser("susan")
    left, kept = (sending.subscribe(browser.client) for browser in (here, there))
    admin.submit("/admin", {"title": "News", "audience": "signed_in"})
    site.fan_out()
    here.submit("/logout", form_at="/people")
    assert sending.delivery.run() == 2
    assert (len(left.received), len(kept.received)) == (0, 1)
    assert {push.reason for push in site.pushes(1)} == {None, "browser_signed_out"}
    assert site.states(1) == {State.ACCEPTED: 1, State.DROPPED: 1}
    assert site.progress(1) == Progress(2, accepted=1, failed=1, is_done=True)


def test_a_browser_that_is_gone_gets_no_other(site: Site, sending: Sending) -> None:
    sending.browser().unsubscribe()
    broadcasts = [site.start(), site.start()]
    site.fan_out()
    sending.delivery.run()
    later = site.start()
    site.fan_out()
    assert [site.states(one).total() for one in (*broadcasts, later)] == [1, 1, 0]
    assert len(sending.service.refusals) <= 2
    assert site.progress(later) == Progress(0, accepted=0, failed=0, is_done=True)


def test_a_broadcast_that_was_taken_back_is_sent_to_nobody_more(site: Site, sending: Sending) -> None:
    subscribed = sending.browser()
    broadcast = site.start()
    site.fan_out()
    site.writing(lambda: db.session.execute(delete(Broadcast)))
    assert sending.delivery.run() == 1
    assert subscribed.received == []
    assert [(push.state, push.reason) for push in site.pushes(broadcast)] == [(State.DROPPED, "withdrawn")]


@pytest.mark.parametrize(
    "fields", [{"title": "👨‍👩‍👧‍👦" * 80, "body": "👨‍👩‍👧‍👦" * 500}, {"title": '"\\' * 40, "body": '"\\' * 250}]
)
def test_the_longest_text_fits_a_push(sending: Sending, stranger: FlaskClient, fields: dict[str, str]) -> None:
    subscribed = sending.subscribe(stranger)
    sending.send(link="/" + "x" * 499, **fields)
    (received,) = subscribed.received
    assert len(received.text.encode()) < 2500
    shown = received.json()
    assert fields["title"].startswith(shown["title"].removesuffix("…"))
    assert fields["body"].startswith(shown["body"].removesuffix("…"))
    assert shown["url"] == "/" + "x" * 499
