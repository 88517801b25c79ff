"""A message, a broadcast and a new device are items of an inbox: what is stored, for whom, and what is not."""

import pytest

from tests.broadcasts.conftest import Hands
from tests.broadcasts.site import Site
from tests.notifications.inboxes import INBOX, Inboxes
from tests.people import Browser, People
from webpush_app.accounts.models import User
from webpush_app.broadcasts import service as broadcasts
from webpush_app.database import db
from webpush_app.notifications.unread import MOST_NAMED, inbox_of

OWN = {"Origin": "http://localhost"}


def test_a_message_is_an_item_of_who_gets_it_alone(susan: Browser, people: People, inboxes: Inboxes) -> None:
    john = people("john")
    people.write(john, susan.user_id, "hello")
    (item,) = inboxes.items()
    assert (item.user_id, item.kind, item.subject_id, item.read_at) == (susan.user_id, "message", 1, None)
    assert inboxes.told(susan.user_id)[INBOX] == {"count": 1, "newest": 1, "unread": [1]}
    assert inboxes.told(john) == {}


def test_a_message_that_is_sent_again_is_one_item(susan: Browser, john: Browser, inboxes: Inboxes) -> None:
    fields = {"message": "hello", "sending_key": "k" * 22}
    for _time in range(2):
        assert john.submit("/send_message/susan", fields).status_code == 302
    assert len(inboxes.items()) == 1
    inboxes.check(susan, john)


def test_a_broadcast_is_one_row_whatever_the_number_of_people(site: Site, people: People, inboxes: Inboxes) -> None:
    ids = [people(f"person{number}") for number in range(20)]
    site.start()
    (item,) = inboxes.items()
    assert (item.user_id, item.kind, item.subject_id, item.language) == (None, "broadcast", 1, None)
    assert {user_id: one["count"] for user_id, one in inboxes.stand(*ids).items()} == dict.fromkeys(ids, 1)
    assert inboxes.marks() == []


def test_who_registered_later_does_not_see_what_was_before(site: Site, people: People, inboxes: Inboxes) -> None:
    site.start(title="Before")
    nina = people.browser("nina")
    site.start(title="After")
    assert inboxes.unread(nina.user_id) == [2]
    page = nina.get("/inbox").text
    assert "After" in page
    assert "Before" not in page
    assert nina.client.post("/api/inbox/read", json={"id": 1}, headers=OWN).status_code == 404
    inboxes.check(nina)


@pytest.mark.parametrize(("language", "readers"), [("es", ["mary"]), ("en", ["susan"])])
def test_what_is_in_one_language_is_for_who_reads_it(
    site: Site, people: People, inboxes: Inboxes, language: str, readers: list[str]
) -> None:
    browsers = {name: people.browser(name) for name in ("susan", "mary")}
    browsers["mary"].submit("/edit_profile", {"about_me": "", "locale": "es"})
    site.start(f"language:{language}")
    assert [name for name, browser in browsers.items() if inboxes.unread(browser.user_id)] == readers
    for name, browser in browsers.items():
        answer = browser.client.post("/api/inbox/read", json={"id": 1}, headers=OWN)
        assert answer.status_code == (200 if name in readers else 404)
    inboxes.check(*browsers.values())


def test_open_pages_are_told_when_their_person_reads_another_language(
    site: Site, susan: Browser, inboxes: Inboxes
) -> None:
    site.start("language:en")
    since = inboxes.moment(susan.user_id)
    susan.submit("/edit_profile", {"about_me": "", "locale": "es"})
    assert inboxes.told(susan.user_id, since)[INBOX]["count"] == 0
    since = inboxes.moment(susan.user_id)
    susan.submit("/edit_profile", {"about_me": "I am Susan.", "locale": "es"})
    assert inboxes.told(susan.user_id, since) == {}


def test_what_is_for_strangers_alone_is_in_nobodys_inbox(site: Site, susan: Browser, inboxes: Inboxes) -> None:
    site.start("anonymous")
    assert inboxes.items() == []
    assert inboxes.told(susan.user_id) == {}


def test_a_broadcast_that_is_asked_for_again_is_published_once(site: Site, admin: Browser, inboxes: Inboxes) -> None:
    headers = {**OWN, "Idempotency-Key": "a"}
    for _time in range(3):
        answer = admin.client.post("/admin-api/trigger-push-notifications", json={"title": "News"}, headers=headers)
        assert answer.status_code == 201
    assert len(inboxes.items()) == 1
    inboxes.check(admin)


def test_a_message_that_is_not_stored_is_no_item(susan: Browser, people: People, site: Site, inboxes: Inboxes) -> None:
    """Both in one transaction: what fails afterwards takes the item with it."""

    def start_and_fail() -> None:
        broadcasts.start_broadcast(db.session.get_one(User, site.author_id), "News", "", "", "everyone")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        site.writing(start_and_fail)
    assert inboxes.items() == []


def test_of_more_than_can_be_named_the_newest_are_and_all_are_counted(
    susan: Browser, people: People, site: Site, inboxes: Inboxes, hands: Hands
) -> None:
    people.write(people("john"), susan.user_id, *["hello"] * MOST_NAMED)
    assert inboxes.stand(susan.user_id)[susan.user_id]["unread"] == list(range(MOST_NAMED, 0, -1))
    site.start()
    standing = inboxes.stand(susan.user_id)[susan.user_id]
    assert standing == {"count": 51, "newest": 51, "unread": list(range(51, 1, -1))}
    inboxes.check(susan)


def test_nobody_has_an_inbox_that_is_empty(inboxes: Inboxes, site: Site) -> None:
    assert inboxes.stand(4711) == {}
    with site.app.app_context():
        assert inbox_of(4711).to_json() == {"count": 0, "newest": 0, "unread": []}
