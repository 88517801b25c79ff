"""Reading: whichever way a person takes, the message and its item are read together, and it is told of both."""

import pytest
from sqlalchemy import event

from tests.broadcasts.site import Site
from tests.notifications.inboxes import INBOX, MESSAGES, Inboxes
from tests.people import Browser, People
from webpush_app.accounts.models import User
from webpush_app.database import db
from webpush_app.notifications import inbox

OWN = {"Origin": "http://localhost"}
WAYS = {
    "conversation": ("/messages/with/john", [4, 3]),
    "messages": ("/messages", [4]),
    "the item": ("/inbox/1", [4, 3, 2]),
    "its link": ("/inbox/1/read", [4, 3, 2]),
}


def read(reader: Browser, **given: object) -> int:
    return reader.client.post("/api/inbox/read", json=given, headers=OWN).status_code


@pytest.fixture
def full(susan: Browser, people: People, site: Site) -> Browser:
    """Susan, with two messages of John's, one of Anna's, and a broadcast."""
    john, anna = people("john"), people("anna")
    people.write(john, susan.user_id, "one", "two")
    people.write(anna, susan.user_id, "three")
    site.start(title="News", link="/people")
    return susan


@pytest.mark.parametrize("way", WAYS)
def test_whichever_way_is_taken_both_counts_are_told(full: Browser, inboxes: Inboxes, way: str) -> None:
    path, left = WAYS[way]
    since = inboxes.moment(full.user_id)
    assert full.get(path).status_code in (200, 302)
    assert inboxes.unread(full.user_id) == left
    told = inboxes.told(full.user_id, since)
    assert (told[MESSAGES], told[INBOX]["unread"]) == (len(left) - 1, left)
    inboxes.check(full)


def test_everything_is_read_and_leaves_no_marks(full: Browser, inboxes: Inboxes, site: Site) -> None:
    site.start()
    assert read(full, id=5) == 200
    assert inboxes.marks() == [(full.user_id, 5)]
    assert read(full, all=True) == 200
    assert (inboxes.unread(full.user_id), inboxes.marks()) == ([], [])
    assert inboxes.told(full.user_id)[MESSAGES] == 0
    site.start()
    assert inboxes.unread(full.user_id) == [6]
    inboxes.check(full)


def test_marks_are_kept_only_beyond_the_oldest_that_is_unread(susan: Browser, site: Site, inboxes: Inboxes) -> None:
    """Else they would be as many as the broadcasts that were ever read, and counting would go through all of them."""
    for _number in range(4):
        site.start()
    for item, marks in [(3, [3]), (3, [3]), (2, [2, 3]), (1, []), (4, []), (1, [])]:
        assert read(susan, id=item) == 200
        assert inboxes.marks() == [(susan.user_id, one) for one in marks]
        inboxes.check(susan)
    assert inboxes.unread(susan.user_id) == []


def test_a_mark_is_one_persons(susan: Browser, john: Browser, site: Site, inboxes: Inboxes) -> None:
    site.start()
    site.start()
    assert read(susan, id=2) == 200
    assert read(john, all=True) == 200
    assert inboxes.marks() == [(susan.user_id, 2)]
    inboxes.check(susan, john)


def test_reading_the_same_again_changes_nothing(full: Browser, inboxes: Inboxes) -> None:
    for item in (1, 4):
        assert [read(full, id=item) for _time in range(2)] == [200, 200]
    read_at = [item.read_at for item in inboxes.items()]
    assert read(full, id=1) == 200
    assert [item.read_at for item in inboxes.items()] == read_at
    inboxes.check(full)


@pytest.mark.parametrize("item", [1, 4711, 2**53])
def test_what_is_not_theirs_is_not_found_and_not_marked(
    full: Browser, john: Browser, inboxes: Inboxes, item: int
) -> None:
    unread, told = inboxes.unread(full.user_id), inboxes.told(john.user_id)
    assert read(john, id=item) == 404
    for path in (f"/inbox/{item}", f"/inbox/{item}/read"):
        assert john.get(path).status_code == 404
    assert john.submit(f"/inbox/{item}/read", form_at="/edit_profile").status_code == 404
    assert (inboxes.unread(full.user_id), inboxes.told(john.user_id), inboxes.marks()) == (unread, told, [])
    inboxes.check(full, john)


def test_what_is_read_in_the_inbox_reads_no_message_of_others(
    full: Browser, john: Browser, people: People, inboxes: Inboxes
) -> None:
    people.write(full.user_id, john.user_id, "an answer")
    assert read(full, all=True) == 200
    assert inboxes.unread_messages(john.user_id) == 1
    inboxes.check(full, john)


def test_reading_a_hundred_asks_no_more_than_reading_one(
    susan: Browser, people: People, site: Site, inboxes: Inboxes
) -> None:
    counts = []
    for messages in (1, 100):
        people.write(people.browser("john").user_id, susan.user_id, *["hello"] * messages)
        asked: list[str] = []

        def read_all(asked: list[str] = asked) -> None:
            person = db.session.get_one(User, susan.user_id)
            event.listen(db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
            inbox.read_everything(person)

        site.writing(read_all)
        counts.append(len(asked))
    assert counts[0] == counts[1] > 0
    inboxes.check(susan)
