"""What may have changed while a request waited for its turn, or for the right to write."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from tests.accounts.steps import at_once
from tests.people import Browser, People, csrf_token
from webpush_app import clock, database
from webpush_app.accounts import gate, sessions, throttle
from webpush_app.database import db


def test_guesses_by_somebody_signed_in_are_counted_one_after_another(app: Flask, people: People) -> None:
    """A request with a session has read from the database before it waits: what it read then must not be believed."""
    people("susan")
    mallory = people.browser("mallory")

    def prepare(_client: FlaskClient, number: int) -> Callable[[], TestResponse]:
        browser = people.browser("mallory")
        token = csrf_token(browser.get("/edit_profile"))
        fields = {"username": "susan", "password": f"guess {number}", "csrf_token": token}
        return lambda: browser.client.post("/login", data=fields)

    statuses = at_once(app, 24, prepare)
    assert set(statuses) == {401, 429}
    assert statuses.count(401) == throttle.FREE_FAILURES
    assert mallory.get("/people").status_code == 200


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/send_message/john", {"message": "too late"}),
        ("/messages/with/john", {"message": "too late"}),
        ("/edit_profile", {"about_me": "too late", "locale": "es"}),
        ("/sessions/end-others", {}),
        ("/sessions/end-all", {}),
    ],
)
def test_a_session_that_ends_before_the_writing_begins_writes_nothing(
    susan: Browser, people: People, monkeypatch: pytest.MonkeyPatch, path: str, fields: dict[str, str]
) -> None:
    people("john")

    def end_it_first() -> None:
        database.begin_write()
        sessions.end_all_sessions(susan.user_id)
        db.session.commit()
        database.begin_write()

    monkeypatch.setattr(gate, "begin_write", end_it_first)
    answer = susan.submit(path, fields, form_at="/edit_profile")
    assert answer.status_code == 401
    assert "Please sign in first." in answer.text
    assert people.bodies() == []
    assert "too late" not in people.browser("john").get("/user/susan").text


def test_noting_last_seen_never_holds_two_connections(
    app: Flask, susan: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where connections are counted, two held by each of many requests would be a deadlock."""
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + sessions.SEEN_EVERY)
    held, most = [0], [0]

    def take(*_args: object) -> None:
        held[0] += 1
        most[0] = max(most[0], held[0])

    def give_back(*_args: object) -> None:
        held[0] -= 1

    with app.app_context():
        pool = db.engine.pool
    event.listen(pool, "checkout", take)
    event.listen(pool, "checkin", give_back)
    try:
        assert susan.get("/user/susan").status_code == 200
    finally:
        event.remove(pool, "checkout", take)
        event.remove(pool, "checkin", give_back)
    assert most == [1]
    with app.app_context():
        assert [row.last_seen for row in sessions.list_sessions(susan.user_id)] == [clock.now()]
