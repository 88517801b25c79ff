"""`GET /notifications?since=`: what changed, exactly once, in the shape that the tutorials give it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.broadcasts.site import Site
from tests.people import Browser, People
from tests.statements import listening
from webpush_app.database import db

COUNT = "unread_message_count"


def counts(answer: TestResponse) -> list[object]:
    """What is said of unread messages alone."""
    assert answer.json is not None
    return [row["data"] for row in answer.json if row["name"] == COUNT]


def test_the_answer_is_a_list_of_name_data_and_timestamp(susan: Browser, people: People) -> None:
    assert susan.get("/notifications").json == []
    people.write(people("john"), susan.user_id, "hello")
    answer = susan.get("/notifications?since=0").json
    assert answer is not None
    assert [(row["name"], row["data"]) for row in answer] == [
        (COUNT, 1),
        ("inbox", {"count": 1, "newest": 1, "unread": [1]}),
    ]
    assert set(answer[0]) == {"name", "data", "timestamp"}


def test_only_what_is_newer_is_given_and_the_timestamp_goes_back_in_exactly(susan: Browser, people: People) -> None:
    john = people("john")
    since: float = 0
    for expected in range(1, 30):
        people.write(john, susan.user_id, "hello")
        answer = susan.get(f"/notifications?since={since}")
        assert counts(answer) == [expected]
        stamps = [row["timestamp"] for row in answer.json or []]
        assert since < stamps[0] < stamps[1]
        since = stamps[1]
        assert susan.get(f"/notifications?since={since}").json == []


def test_reading_is_announced_too(susan: Browser, people: People) -> None:
    people.write(people("john"), susan.user_id, "hello")
    susan.get("/messages")
    assert counts(susan.get("/notifications")) == [0]


def test_opening_messages_with_nothing_new_announces_nothing(susan: Browser) -> None:
    susan.get("/messages")
    assert susan.get("/notifications").json == []


@pytest.mark.parametrize(
    "since",
    [
        "abc",
        "-1",
        "NaN",
        "Infinity",
        "-Infinity",
        "1_000",
        "1e400",
        "1" * 41,
        "",
        " ",
        "١",
        "0x10",
        "9" * 30,
        "1,5",
        "<b>",
    ],
)
def test_a_since_that_is_no_timestamp_is_explained(susan: Browser, since: str) -> None:
    answer = susan.get("/notifications", query_string={"since": since})
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["field"] == "since"
    assert answer.json["status"] == "error"


@pytest.mark.parametrize("since", ["0", "0.0", "1700000000", "1700000000.123456789", "1.7e9", "9007199254"])
def test_a_since_in_any_way_of_writing_a_number_is_taken(susan: Browser, since: str) -> None:
    assert susan.get("/notifications", query_string={"since": since}).json == []


def test_who_is_signed_out_is_told_so_in_json(stranger: FlaskClient) -> None:
    answer = stranger.get("/notifications")
    assert answer.status_code == 401
    assert answer.json is not None
    assert answer.json["code"] == "not_signed_in"


def test_nothing_new_costs_two_queries(susan: Browser, app: Flask) -> None:
    with app.app_context():
        engine = db.engine
    with listening(engine) as statements:
        assert susan.get("/notifications?since=0").json == []
    assert len(statements) == 2, statements


def test_nor_does_it_cost_more_below_many_broadcasts(susan: Browser, site: Site, app: Flask, people: People) -> None:
    people.write(people("john"), susan.user_id, "hello")
    for _number in range(3):
        site.start()
    newest = susan.get("/notifications").json or []
    with app.app_context():
        engine = db.engine
    for since, queries in [(newest[-1]["timestamp"], 2), (0, 3)]:
        with listening(engine) as statements:
            assert len(susan.get(f"/notifications?since={since!r}").json or []) == (0 if queries == 2 else 2)
        assert len(statements) == queries, statements
