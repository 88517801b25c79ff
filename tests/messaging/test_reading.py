"""Reading: opening a page of received messages reads them; a prefetch, a HEAD and a stranger do not."""

import pytest
from flask import Flask
from sqlalchemy import select

from tests.people import Browser, People
from webpush_app.accounts.models import User
from webpush_app.database import db
from webpush_app.messaging.models import Message

PREFETCHES = [
    {"Sec-Purpose": "prefetch"},
    {"Sec-Purpose": "prefetch;prerender"},
    {"Purpose": "prefetch"},
    {"X-Purpose": "preview"},
    {"X-Moz": "prefetch"},
]


def test_opening_messages_reads_all_that_was_received(susan: Browser, people: People, app: Flask) -> None:
    john = people("john")
    people.write(john, susan.user_id, *(f"number {n}" for n in range(25)))
    assert susan.badge() == 25
    assert susan.get("/messages?page=2").status_code == 200
    assert susan.badge() == 0
    with app.app_context():
        assert db.session.scalars(select(Message).where(Message.read_at.is_(None))).all() == []
        assert db.session.get_one(User, susan.user_id).last_message_read_time is not None


def test_what_is_new_is_marked_once(susan: Browser, people: People) -> None:
    people.write(people("john"), susan.user_id, "first")
    assert "New</span>" in susan.get("/messages").text
    assert "New</span>" not in susan.get("/messages").text


@pytest.mark.parametrize("headers", PREFETCHES, ids=lambda headers: "-".join(*headers.items()))
@pytest.mark.parametrize("path", ["/messages", "/messages/with/john"])
def test_a_prefetch_reads_nothing(susan: Browser, people: People, path: str, headers: dict[str, str]) -> None:
    people.write(people("john"), susan.user_id, "hello")
    # Refused, so that the browser asks again when the person really goes there.
    assert susan.get(path, headers=headers).status_code == 503
    assert susan.badge() == 1


@pytest.mark.parametrize("path", ["/messages", "/messages/with/john"])
def test_a_head_request_reads_nothing(susan: Browser, people: People, path: str) -> None:
    people.write(people("john"), susan.user_id, "hello")
    assert susan.client.head(path).status_code == 200
    assert susan.badge() == 1


def test_a_conversation_reads_only_its_own(susan: Browser, people: People) -> None:
    john, mary = people("john"), people("mary")
    people.write(john, susan.user_id, "from john", "again from john")
    people.write(mary, susan.user_id, "from mary")
    page = susan.get("/messages/with/john").text
    assert "again from john" in page
    assert "from mary" not in page
    assert susan.badge() == 1


def test_opening_what_one_sent_reads_nothing_of_the_others(susan: Browser, john: Browser) -> None:
    john.send("susan", "hello")
    assert "hello" in john.get("/messages/sent").text
    assert john.get("/messages/with/susan").status_code == 200
    assert susan.badge() == 1


def test_a_reply_goes_back_to_the_conversation_and_keeps_what_is_unread(susan: Browser, john: Browser) -> None:
    john.send("susan", "a question")
    answer = susan.submit("/messages/with/john", {"message": "an answer"})
    assert answer.location == "/messages/with/john"
    page = john.get(answer.location.replace("john", "susan")).text
    assert page.index("an answer") < page.index("a question")  # newest first
    assert john.badge() == 0


def test_a_page_with_a_wrong_reply_reads_nothing(susan: Browser, john: Browser) -> None:
    john.send("susan", "a question")
    answer = susan.submit("/messages/with/john", {"message": ""}, form_at="/edit_profile")
    assert answer.status_code == 422
    assert "a question" in answer.text
    assert susan.badge() == 1


@pytest.mark.parametrize("path", ["/messages", "/messages/sent", "/messages/with/john"])
def test_the_empty_pages_say_what_to_do(susan: Browser, john: Browser, path: str) -> None:
    page = susan.get(path)
    assert page.status_code == 200
    assert 'class="empty' in page.text


@pytest.mark.parametrize("page", ["0", "-1", "abc", "1.5", "1e3", "٣", "99999999999999999999", "2"])
@pytest.mark.parametrize("path", ["/messages", "/messages/sent", "/messages/with/john"])
def test_a_page_that_does_not_exist_is_not_found(susan: Browser, john: Browser, path: str, page: str) -> None:
    assert susan.get(path, query_string={"page": page}).status_code == 404


def test_a_page_that_does_not_exist_reads_nothing(susan: Browser, people: People) -> None:
    people.write(people("john"), susan.user_id, "hello")
    for page in ("0", "99"):
        assert susan.get(f"/messages?page={page}").status_code == 404
    assert susan.badge() == 1
