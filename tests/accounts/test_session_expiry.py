"""A session that is not used ends by itself; one that is used goes on, and the page never waits for noting it."""

import time
from datetime import timedelta

import pytest
from flask import Flask

from tests.accounts.conftest import Hands
from tests.accounts.steps import is_signed_in, person, sessions_of, sign_in
from tests.databases import Database
from tests.people import Browser, People
from tests.statements import listening
from webpush_app.accounts import sessions
from webpush_app.database import db

# The clock stands still before anybody signs in.
pytestmark = pytest.mark.usefixtures("hands")


@pytest.fixture
def susan(hands: Hands, people: People) -> Browser:
    return people.browser("susan")


def _writes(app: Flask, browser: Browser, path: str = "/people") -> list[str]:
    with app.app_context():
        engine = db.engine
    with listening(engine) as statements, browser.get(path) as answer:
        assert answer.status_code == 200
    return [statement for statement in statements if not statement.lstrip().startswith(("SELECT", "SET"))]


def test_a_browser_that_is_not_used_for_a_day_is_signed_out(susan: Browser, hands: Hands) -> None:
    hands.move(days=1, seconds=-1)
    assert is_signed_in(susan.client)
    hands.move(days=1)
    assert not is_signed_in(susan.client)


def test_a_remembered_one_stays_for_sixty_days(app: Flask, people: People, hands: Hands) -> None:
    people("susan")
    client = app.test_client()
    sign_in(client, "susan", data={"remember_me": "y"})
    hands.move(days=59)
    assert is_signed_in(client)
    hands.move(days=59)
    assert is_signed_in(client)
    hands.move(days=60)
    assert not is_signed_in(client)


def test_expired_sessions_are_not_listed_and_go_at_the_next_sign_in(
    app: Flask, people: People, susan: Browser, hands: Hands
) -> None:
    hands.move(days=2)
    again = people.browser("susan")
    assert again.get("/user/susan").text.count('/end"') == 1
    assert len(sessions_of(app, "susan")) == 1


def test_last_seen_is_noted_once_a_minute_at_most(app: Flask, susan: Browser, hands: Hands) -> None:
    begun = hands.moment
    hands.move(seconds=59)
    assert _writes(app, susan) == []
    hands.move(seconds=1)
    assert len(_writes(app, susan)) == 2
    assert _writes(app, susan) == []
    (row,) = sessions_of(app, "susan")
    assert row.last_seen == person(app, "susan").last_seen == begun + timedelta(minutes=1)
    assert row.expires_at == row.last_seen + sessions.NOT_REMEMBERED


@pytest.mark.parametrize("path", ["/healthz", "/static/css/site.css"])
def test_what_is_no_page_does_not_count_as_seen(app: Flask, susan: Browser, hands: Hands, path: str) -> None:
    hands.move(hours=1)
    assert _writes(app, susan, path) == []


def test_the_page_is_answered_while_somebody_else_writes(
    app: Flask, database: Database, susan: Browser, hands: Hands
) -> None:
    (before,) = sessions_of(app, "susan")
    hands.move(hours=1)
    with database.somebody_writes():
        began = time.monotonic()
        assert susan.get("/people").status_code == 200
        assert time.monotonic() - began < 1
    (row,) = sessions_of(app, "susan")
    assert row.last_seen == before.last_seen
    assert susan.get("/people").status_code == 200
    (row,) = sessions_of(app, "susan")
    assert row.last_seen == hands.moment
