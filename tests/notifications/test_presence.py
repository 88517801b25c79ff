"""A page says what is looked at: only its own person's, only for a while, and never without end."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import AppMaker
from tests.people import Browser
from tests.statements import listening
from webpush_app import clock
from webpush_app.database import db
from webpush_app.notifications import presence
from webpush_app.notifications.models import Presence

ORIGIN = {"Origin": "http://localhost"}


def say(person: Browser, place: object, is_looking: object = True) -> int:
    said = {"place": place, "is_looking": is_looking}
    return person.client.post("/api/presence", json=said, headers=ORIGIN).status_code


def stored(app: Flask) -> list[tuple[int, str]]:
    with app.app_context():
        return [(row.user_id, row.place) for row in db.session.scalars(select(Presence).order_by(Presence.place))]


def test_what_is_said_is_known_until_it_is_taken_back(app: Flask, susan: Browser) -> None:
    for _ in range(2):  # said again and again
        assert say(susan, "conversation:7") == 200
    assert stored(app) == [(susan.user_id, "conversation:7")]
    with app.app_context():
        assert presence.looked_at({susan.user_id}) == {(susan.user_id, "conversation:7")}
        assert presence.looked_at({susan.user_id + 1}) == set()
    assert say(susan, "conversation:7", is_looking=False) == 200
    assert stored(app) == []


@pytest.mark.parametrize(
    "place", [None, 7, "", "conversation", "conversation:", ":7", "conversation:x", "c:7\n", "x" * 500, ["a:1"], "A:1"]
)
def test_a_place_that_is_none_is_refused(app: Flask, susan: Browser, place: object) -> None:
    assert say(susan, place) == 400
    assert stored(app) == []


@pytest.mark.parametrize("is_looking", [None, 1, "true", []])
def test_whether_one_looks_is_yes_or_no(app: Flask, susan: Browser, is_looking: object) -> None:
    assert say(susan, "conversation:7", is_looking) == 400
    assert stored(app) == []


def test_it_is_over_by_itself_and_the_row_goes_with_the_next_one(
    app: Flask, susan: Browser, john: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(susan, "conversation:7")
    later = clock.now() + presence.LASTS
    monkeypatch.setattr(clock, "now", lambda: later)
    with app.app_context():
        assert presence.looked_at({susan.user_id}) == set()
    say(john, "conversation:8")
    assert stored(app) == [(john.user_id, "conversation:8")]


def test_who_says_it_again_in_time_goes_on_looking(app: Flask, susan: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = clock.now()
    for seconds in (0, 15, 30, 45):
        monkeypatch.setattr(clock, "now", lambda seconds=seconds: begin + timedelta(seconds=seconds))
        with app.app_context():
            assert presence.looked_at({susan.user_id}) or seconds == 0
        say(susan, "conversation:7")


def test_it_ends_with_the_session(app: Flask, susan: Browser) -> None:
    say(susan, "conversation:7")
    susan.submit("/logout", form_at="/edit_profile")
    assert stored(app) == []


def test_nobody_is_in_a_thousand_places(app: Flask, susan: Browser) -> None:
    for number in range(60):
        assert say(susan, f"conversation:{number}") == 200
    assert len(stored(app)) <= 20


def test_one_question_for_all_of_a_batch(app: Flask, susan: Browser) -> None:
    with app.app_context():
        with listening(db.engine) as statements:
            presence.looked_at(range(500))
        assert len(statements) == 1


def test_what_is_said_to_one_web_process_is_known_to_the_others(app: Flask, make_app: AppMaker, susan: Browser) -> None:
    other_app = make_app()
    with susan.client.session_transaction() as session:
        token = session["_user_id"]
    other_client = other_app.test_client()
    with other_client.session_transaction() as session:
        session["_user_id"] = token
    there = Browser(other_client, susan.user_id, "susan")
    say(susan, "conversation:5")
    say(there, "conversation:6")
    for one in (app, other_app):
        with one.app_context():
            seen = presence.looked_at([susan.user_id])
        assert seen == {(susan.user_id, "conversation:5"), (susan.user_id, "conversation:6")}
    say(there, "conversation:5", False)
    with app.app_context():
        assert presence.looked_at([susan.user_id]) == {(susan.user_id, "conversation:6")}
