"""Several people use the whole app at once, and every switch of greenlets inside one of their writes is reported."""

import sys
from pathlib import Path

import gevent
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.database.programs import report
from tests.database.programs.watch import WriteWatch
from tests.databases import settings_in
from tests.people import PASSWORD, submit
from webpush_app.accounts.models import LoginSession
from webpush_app.database import begin_write, db
from webpush_app.factory import create_app

NAMES = [f"person{number}" for number in range(4)]
NEW_PASSWORD = "another long password"


def register(name: str) -> FlaskClient:
    client = app.test_client()
    answer = submit(client, "/register", {"username": name, "password": PASSWORD, "password2": PASSWORD})
    assert answer.status_code == 302, answer.text
    return client


def live(client: FlaskClient, name: str, friend: str) -> list[int]:
    """One person does everything that writes; the answers' status codes."""
    passwords = {"old_password": PASSWORD, "password": NEW_PASSWORD, "password2": NEW_PASSWORD}
    answers = [
        submit(client, f"/send_message/{friend}", {"message": "Hello!"}),
        submit(client, f"/messages/with/{friend}", {"message": "Hello again!"}),
        client.get("/messages"),
        submit(client, "/edit_profile", {"about_me": "x", "locale": "en"}),
        submit(client, "/change_password", passwords),
        client.get(f"/messages/with/{friend}"),
        submit(client, "/sessions/end-others", form_at="/edit_profile"),
        submit(client, "/logout", form_at="/edit_profile"),
        submit(client, "/login", {"username": name, "password": "a wrong password"}),
        submit(client, "/login", {"username": name, "password": NEW_PASSWORD}),
    ]
    make_last_seen_due()
    return [answer.status_code for answer in [*answers, client.get("/people")]]


def make_last_seen_due() -> None:
    with app.app_context():
        begin_write()
        for row in db.session.scalars(select(LoginSession)):
            row.last_seen = row.created_at.replace(year=2020)
        db.session.commit()


def yield_on_purpose() -> int:
    """The watch itself is watched: this is what it must see."""
    with app.app_context():
        begin_write()
        gevent.sleep(0)
        db.session.rollback()
    seen = len(watch.switches)
    watch.switches.clear()
    return seen


def main() -> None:
    on_purpose = yield_on_purpose()
    newcomers = [gevent.spawn(register, name) for name in NAMES]
    clients = [newcomer.get(timeout=30) for newcomer in newcomers]
    friends = NAMES[1:] + NAMES[:1]
    people = [gevent.spawn(live, *of_one) for of_one in zip(clients, NAMES, friends, strict=True)]
    codes = [person.get(timeout=30) for person in people]
    report(codes=codes, writes=watch.writes, switches=watch.switches, switches_on_purpose=on_purpose)


app = create_app(settings_in(Path(sys.argv[1])))
with app.app_context():
    watch = WriteWatch(db.engine)
main()
