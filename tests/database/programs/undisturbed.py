"""Several people use the whole app at once, and every switch of greenlets inside one of their writes is reported."""

import json
import sys
from pathlib import Path
from typing import Any

import gevent
from sqlalchemy import event

from tests.conftest import settings_in
from tests.database.programs.watch import WriteWatch
from tests.people import PASSWORD, csrf_token, submit
from webpush_app.accounts.models import LoginSession
from webpush_app.database import begin_write, db
from webpush_app.factory import create_app

NAMES = [f"person{number}" for number in range(5)]
NEW_PASSWORD = "another long password"


def live(number: int) -> list[int]:
    """One person registers and does everything that writes; the answers' status codes."""
    name, friend = NAMES[number], NAMES[(number + 1) % len(NAMES)]
    client = app.test_client()
    new = {"password": NEW_PASSWORD, "password2": NEW_PASSWORD}
    answers: list[Any] = [
        submit(client, "/register", {"username": name, "password": PASSWORD, "password2": PASSWORD}),
        submit(client, f"/send_message/{friend}", {"message": "Hello!"}, form_at="/edit_profile"),
        submit(client, f"/messages/with/{friend}", {"message": "Hello again!"}, form_at="/edit_profile"),
        client.get("/messages"),
        submit(client, "/edit_profile", {"about_me": "x", "locale": "en"}),
        submit(client, "/change_password", {"old_password": PASSWORD, **new}),
        client.get(f"/messages/with/{friend}"),
        submit(client, "/sessions/end-others", form_at="/edit_profile"),
        submit(client, "/logout", form_at="/edit_profile"),
        submit(client, "/login", {"username": name, "password": "a wrong password"}),
        submit(client, "/login", {"username": name, "password": NEW_PASSWORD}),
    ]
    _make_last_seen_due()
    answers.append(client.get("/people"))
    return [answer.status_code for answer in answers]


def _make_last_seen_due() -> None:
    with app.app_context():
        begin_write()
        for row in db.session.query(LoginSession):
            row.last_seen = row.created_at.replace(year=2020)
        db.session.commit()


def _yields_on_purpose() -> int:
    """The watch itself is watched: this is what it must see."""
    with app.app_context():
        begin_write()
        gevent.sleep(0)
        db.session.rollback()
    seen = len(watch.switches)
    watch.switches.clear()
    return seen


def main() -> None:
    on_purpose = _yields_on_purpose()
    # Everybody is known before anybody writes to them.
    for name in NAMES[1:]:
        client = app.test_client()
        client.get("/login")
    people = [gevent.spawn(live, number) for number in range(len(NAMES))]
    codes = [person.get(timeout=50) for person in people]
    print(
        json.dumps(
            {"codes": codes, "writes": watch.writes, "switches": watch.switches, "switches_on_purpose": on_purpose}
        )
    )
