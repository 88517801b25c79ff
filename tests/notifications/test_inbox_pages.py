"""The pages of the inbox: what stands there, in which order, page by page; links that read, and what must not."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from tests.broadcasts.site import Site
from tests.messaging.test_reading import PREFETCHES
from tests.notifications.inboxes import Inboxes
from tests.people import Browser, People
from tests.statements import listening
from webpush_app.database import db
from webpush_app.messaging.models import Message

ITEM = r'<li class="row-item message( is-new)?" data-item="(\d+)">'


def listed(markup: str) -> list[int]:
    return [int(number) for _marks, number in re.findall(ITEM, markup)]


def new(markup: str) -> list[int]:
    return [int(number) for marks, number in re.findall(ITEM, markup) if marks]


def test_the_newest_stands_first_page_by_page_and_by_the_filter(
    susan: Browser, people: People, site: Site, app: Flask, inboxes: Inboxes
) -> None:
    size = app.config["ITEMS_PER_PAGE"]
    john = people("john")
    for _number in range(size):
        people.write(john, susan.user_id, "hello")
        site.start()
    everything = list(range(2 * size, 0, -1))
    pages = [susan.get(f"/inbox?page={number}").text for number in (1, 2)]
    assert [number for page in pages for number in listed(page)] == everything
    assert "page=2" in pages[0]
    assert susan.get("/inbox?page=3").status_code == 404
    susan.get("/messages")
    unread = susan.get("/inbox?show=unread").text
    assert listed(unread) == new(unread) == everything[::2]
    assert new(susan.get("/inbox").text) == everything[:size:2]


def test_who_reads_the_last_one_of_a_page_of_the_filter_is_led_to_what_is_left(
    susan: Browser, people: People, app: Flask
) -> None:
    people.write(people("john"), susan.user_id, *["hello"] * (app.config["ITEMS_PER_PAGE"] + 1))
    path = "/inbox?show=unread&page=2"
    assert listed(susan.get(path).text) == [1]
    answer = susan.submit("/inbox/1/read", {"next": path}, form_at="/inbox")
    assert answer.location == path
    again = susan.get(path)
    assert (again.status_code, again.location) == (302, "/inbox?show=unread")


def test_what_people_wrote_is_text_and_no_markup(susan: Browser, people: People, site: Site) -> None:
    people.write(people("john"), susan.user_id, "<script>alert(1)</script> & <b>bold</b>")
    site.start(title='<img src=x onerror="x">', body="<i>news</i>")
    for path in ("/inbox", "/inbox/panel"):
        page = susan.get(path).text
        for markup in ("<script>alert", "<b>bold", "<img src=x", "<i>news"):
            assert markup not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;bold" in page
        assert "&lt;img src=x" in page


def test_an_item_leads_to_where_it_stands_and_is_read(susan: Browser, people: People, site: Site) -> None:
    people.write(people("john"), susan.user_id, "hello")
    site.start(link="/people")
    site.start()
    assert [susan.get(f"/inbox/{number}").location for number in (1, 2, 3)] == [
        *("/messages/with/john", "/people", "/inbox")
    ]
    assert new(susan.get("/inbox").text) == []


@pytest.mark.parametrize("headers", PREFETCHES, ids=lambda headers: "-".join(*headers.items()))
@pytest.mark.parametrize("path", ["/inbox/1", "/inbox/1/read"])
def test_a_prefetch_reads_nothing(
    susan: Browser, people: People, inboxes: Inboxes, path: str, headers: dict[str, str]
) -> None:
    people.write(people("john"), susan.user_id, "hello")
    assert susan.get(path, headers=headers).status_code == 503
    assert inboxes.unread(susan.user_id) == [1]


@pytest.mark.parametrize("path", ["/inbox", "/inbox/panel", "/inbox/1", "/inbox/1/read"])
def test_a_head_request_reads_nothing(susan: Browser, people: People, inboxes: Inboxes, path: str) -> None:
    people.write(people("john"), susan.user_id, "hello")
    assert susan.client.head(path).status_code in (200, 302)
    assert inboxes.unread(susan.user_id) == [1]


def test_the_lists_read_nothing(susan: Browser, people: People, inboxes: Inboxes) -> None:
    people.write(people("john"), susan.user_id, "hello")
    for path in ("/inbox", "/inbox?show=unread", "/inbox/panel"):
        assert new(susan.get(path).text) == [1]
    inboxes.check(susan)


@pytest.mark.parametrize(
    ("target", "led_to"),
    [
        ("/inbox?show=unread", "/inbox?show=unread"),
        ("/people", "/people"),
        ("https://evil.example/", "/inbox"),
        ("//evil.example/", "/inbox"),
        ("/\\evil.example", "/inbox"),
        ("javascript:alert(1)", "/inbox"),
        ("", "/inbox"),
        (None, "/inbox"),
    ],
)
def test_after_reading_one_goes_on_only_to_a_page_of_ours(
    susan: Browser, people: People, target: str | None, led_to: str
) -> None:
    people.write(people("john"), susan.user_id, "hello")
    given = {} if target is None else {"next": target}
    assert susan.get("/inbox/1/read", query_string=given).location == led_to
    for path in ("/inbox/1/read", "/inbox/read"):
        assert susan.submit(path, given, form_at="/inbox").location == led_to


@pytest.mark.parametrize("number", ["0", "-1", "abc", "1.5", "9007199254740993", "9" * 30, "٣"])
def test_what_is_no_number_of_an_item_is_not_found(susan: Browser, number: str) -> None:
    for path in (f"/inbox/{number}", f"/inbox/{number}/read"):
        assert susan.get(path).status_code == 404


def test_a_form_without_its_token_reads_nothing(susan: Browser, people: People, inboxes: Inboxes) -> None:
    people.write(people("john"), susan.user_id, "hello")
    for path in ("/inbox/1/read", "/inbox/read"):
        assert susan.client.post(path).status_code == 400
    assert inboxes.unread(susan.user_id) == [1]


@pytest.mark.parametrize("path", ["/inbox", "/inbox/panel", "/inbox/1", "/inbox/1/read"])
def test_a_stranger_is_asked_to_sign_in(stranger: FlaskClient, path: str) -> None:
    assert stranger.get(path).location.startswith("/login?next=")


def test_what_is_gone_is_said_to_be_gone_and_can_be_read(
    susan: Browser, people: People, site: Site, inboxes: Inboxes
) -> None:
    """A message goes with its author: its item counts as long as it is listed as unread, and it can be read."""
    people.write(people("john"), susan.user_id, "hello")
    site.writing(lambda: db.session.execute(delete(Message)))
    page = susan.get("/inbox").text
    assert (listed(page), new(page)) == ([1], [1])
    assert "Withdrawn" in page
    assert susan.get("/inbox/1").location == "/inbox"
    assert inboxes.unread(susan.user_id) == []
    inboxes.check(susan)


def test_a_longer_list_asks_no_more(susan: Browser, people: People, site: Site, app: Flask) -> None:
    john, counts = people("john"), []
    with app.app_context():
        engine = db.engine
    for _round in range(2):
        people.write(john, susan.user_id, "hello")
        site.start()
        site.browser(susan.user_id)
        with listening(engine) as statements:
            assert susan.get("/inbox").status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]
