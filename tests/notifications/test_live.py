"""An open page hears over its socket what polls would tell it, at once and each thing once, whoever writes it."""

import json
import threading
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import text

from tests.databases import Database
from tests.notifications.live_page import cookie_of, live_page, opened
from tests.people import Browser, People
from tests.server.running import Server
from tests.server.visitors import Visitor
from webpush_app.database import db
from webpush_app.notifications import waking
from webpush_app.notifications.inbox import INBOX


def counts(news: list[Any]) -> list[int]:
    """What is said of unread messages; that the inbox is told of has tests of its own."""
    return [one["data"] for one in news if one["name"] != INBOX]


def test_a_page_is_greeted_and_hears_exactly_what_polls_are_told(
    server: Server, people: People, susan: Browser, john: Browser
) -> None:
    with opened(server.port, cookie_of(susan)) as page, Visitor(server.port, cookie_of(john)) as author:
        page.join()
        assert page.event() == ("response", {"meta": "WS connected", "user": str(susan.user_id)})
        since: float = 0
        for number in range(1, 4):
            token = author.token()
            assert author.post("/send_message/susan", csrf_token=token, message=f"number {number}").status == 302
            heard = page.news()
            assert heard == susan.get(f"/notifications?since={since}").json
            assert counts(heard) == [number]
            since = heard[-1]["timestamp"]
        # Another process, such as the worker's or a command's.
        people.write(john.user_id, susan.user_id, "from elsewhere")
        assert page.news() == susan.get(f"/notifications?since={since}").json
        assert page.hears_nothing()


def test_who_comes_back_is_told_what_they_missed_and_nothing_twice(
    server: Server, people: People, susan: Browser, john: Browser
) -> None:
    cookie = cookie_of(susan)
    people.write(john.user_id, susan.user_id, "hello")
    with live_page(server.port, cookie) as page:
        first = page.news()[-1]
    with live_page(server.port, cookie, first["timestamp"]) as page:
        assert page.hears_nothing()
    people.write(john.user_id, susan.user_id, "while away", "and again")
    with live_page(server.port, cookie, first["timestamp"]) as page:
        missed = page.news()
        assert counts(missed) == [3]
        assert missed == susan.get(f"/notifications?since={first['timestamp']}").json
        people.write(john.user_id, susan.user_id, "and now")
        assert counts(page.news()) == [4]
        assert page.hears_nothing()


@pytest.mark.sqlite_only("the cursor is read before any database is asked")
def test_a_since_that_is_no_timestamp_is_as_good_as_none(
    server: Server, people: People, susan: Browser, john: Browser
) -> None:
    people.write(john.user_id, susan.user_id, "hello")
    odd: list[object] = ["x", -1, True, None, [], {}, "NaN", 9007199254.9, 1e300, "9" * 3000]
    for since in odd:
        with opened(server.port, cookie_of(susan)) as page:
            page.join({"since": since})
            assert page.event()[0] == "response"
            assert counts(page.news()) == [1]


def test_who_names_a_moment_still_to_come_takes_nothing_from_the_others(
    server: Server, people: People, susan: Browser, john: Browser
) -> None:
    people.write(john.user_id, susan.user_id, "hello")
    with live_page(server.port, cookie_of(susan), 9007199254) as odd, live_page(server.port, cookie_of(susan)) as page:
        assert counts(page.news()) == [1]
        people.write(john.user_id, susan.user_id, "hello")
        assert counts(page.news()) == [2]
        assert counts(odd.news()) == [2]


def test_pages_that_join_while_much_happens_miss_nothing_and_hear_nothing_twice(
    server: Server, people: People, susan: Browser, john: Browser
) -> None:
    cookie, total = cookie_of(susan), 40
    writing = threading.Thread(
        target=people.write, args=(john.user_id, susan.user_id, *(f"number {n}" for n in range(total)))
    )
    with ExitStack() as stack:
        writing.start()
        pages = [stack.enter_context(live_page(server.port, cookie)) for _ in range(8)]
        for page in pages:
            seen: list[tuple[float, int]] = []
            while not seen or seen[-1][1] < total:
                seen += [(one["timestamp"], one["data"]) for one in page.news() if one["name"] != INBOX]
            assert seen == sorted(set(seen))  # each later than the one before it
            assert page.hears_nothing(0.2)
        writing.join()


def test_each_hears_only_their_own(server: Server, people: People, susan: Browser, john: Browser) -> None:
    with live_page(server.port, cookie_of(susan)) as hers, live_page(server.port, cookie_of(john)) as his:
        people.write(john.user_id, susan.user_id, "hello")
        assert counts(hers.news()) == [1]
        assert his.hears_nothing()


def test_everybody_can_be_woken(server: Server, people: People, susan: Browser, john: Browser) -> None:
    """What is written for many at once is read by each when they are woken."""
    with live_page(server.port, cookie_of(susan)) as hers, live_page(server.port, cookie_of(john)) as his:
        with people.app.app_context():
            for user_id in (susan.user_id, john.user_id):
                db.session.execute(
                    text(
                        "INSERT INTO notifications (user_id, name, payload_json, timestamp)"
                        " VALUES (:user_id, 'news', :payload, 5)"
                    ),
                    {"user_id": user_id, "payload": json.dumps({"for": user_id})},
                )
            db.session.commit()
            assert hers.hears_nothing(0.2)
            waking.wake_everybody()
        assert hers.news() == [{"name": "news", "data": {"for": susan.user_id}, "timestamp": 5e-06}]
        assert his.news() == [{"name": "news", "data": {"for": john.user_id}, "timestamp": 5e-06}]


def test_what_happens_while_the_database_cannot_be_asked_comes_when_it_can(
    server: Server, people: People, susan: Browser, john: Browser, database: Database
) -> None:
    cookie = cookie_of(susan)
    with live_page(server.port, cookie) as page, opened(server.port, cookie) as late:
        people.write(john.user_id, susan.user_id, "hello")
        assert counts(page.news()) == [1]
        with database.elsewhere() as connection:
            connection.exec_driver_sql("ALTER TABLE notifications RENAME TO taken_away")
            connection.commit()
            with people.app.app_context():
                waking.wake([susan.user_id])
            late.join()
            assert late.hears_nothing(1.0)
            later = "UPDATE taken_away SET timestamp = timestamp + 9, payload_json = '7' WHERE name != 'inbox'"
            connection.exec_driver_sql(later)
            connection.exec_driver_sql("ALTER TABLE taken_away RENAME TO notifications")
            connection.commit()
        assert counts(page.news()) == [7]
        assert late.event()[0] == "response"
        assert counts(late.news()) == [7]
