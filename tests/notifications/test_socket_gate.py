"""The gate before the sockets: in which order it asks, and what it asks the database."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from tests.conftest import AppMaker
from tests.notifications.live_page import PATH
from tests.people import Browser
from tests.server.upgrades import KEY
from tests.statements import listening
from webpush_app import clock
from webpush_app.accounts.models import LoginSession
from webpush_app.database import begin_write, db
from webpush_app.notifications.sockets import MOST_OF_ALL
from webpush_app.notifications.turnstile import AT_ONCE
from webpush_app.notifications.waking import LISTENER

# Where a server's own socket would be. Nothing here is let in as far as there.
SOCKET = {"werkzeug.socket": None}
RIGHT = {
    "Origin": "http://localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": KEY,
}


def ask(client: FlaskClient, **changed: str) -> TestResponse:
    headers = RIGHT | {name.replace("_", "-"): value for name, value in changed.items()}
    return client.get(PATH, headers=headers, environ_overrides=SOCKET)


def sign_out_and_keep_the_cookie(browser: Browser) -> None:
    with browser.client.session_transaction() as session:
        token = session["_user_id"]
    browser.submit("/logout", form_at="/edit_profile")
    with browser.client.session_transaction() as session:
        session["_user_id"] = token


def test_strangers_cost_no_query_and_who_was_signed_in_one(
    app: Flask, susan: Browser, john: Browser, stranger: FlaskClient
) -> None:
    sign_out_and_keep_the_cookie(john)
    with app.app_context():
        engine = db.engine
    with listening(engine) as statements:
        assert ask(stranger).status_code == 401
        assert ask(susan.client, Origin="http://evil.example").status_code == 403
        assert ask(susan.client, Sec_WebSocket_Version="7").status_code == 400
        assert statements == []
        assert ask(john.client).status_code == 401
        # Several web processes count together who opens sockets without end.
        of_the_turnstile = [one for one in statements if "turnstiles" in one or "lock_timeout" in one]
        assert len(of_the_turnstile) == (2 if engine.dialect.name == "postgresql" else 0), statements
        assert len(statements) - len(of_the_turnstile) == 1, statements


def test_a_session_that_has_lapsed_is_none(app: Flask, susan: Browser) -> None:
    with app.app_context():
        begin_write()
        db.session.execute(update(LoginSession).values(expires_at=clock.now() - timedelta(seconds=1)))
        db.session.commit()
    assert ask(susan.client).status_code == 401


@pytest.mark.sqlite_only("the same queries everywhere")
def test_who_asks_without_end_is_refused_without_a_query(app: Flask, john: Browser) -> None:
    sign_out_and_keep_the_cookie(john)
    with app.app_context():
        engine = db.engine
    with listening(engine) as statements:
        answers = [ask(john.client) for _ in range(AT_ONCE * 2)]
        asked = [answer for answer in answers if answer.status_code == 401]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(statements) == len(asked) >= AT_ONCE
        assert len(refused) == len(answers) - len(asked) > 0
        assert refused[0].headers["Retry-After"] == "5"


def test_the_host_is_checked_first_and_the_origin_by_the_address_that_the_proxy_was_asked_for(
    make_app: AppMaker,
) -> None:
    behind_a_proxy = make_app(trusted_proxies=1).test_client()
    forwarded = {"X_Forwarded_Host": "chat.example", "X_Forwarded_Proto": "https"}
    assert ask(behind_a_proxy, Origin="https://chat.example", **forwarded).status_code == 401
    assert ask(behind_a_proxy, Origin="http://localhost", **forwarded).status_code == 403
    answer = ask(behind_a_proxy, Origin="https://chat_example", **(forwarded | {"X_Forwarded_Host": "a b"}))
    assert (answer.status_code, "Host" in answer.text) == (400, True)
    directly = make_app().test_client()
    assert ask(directly, Origin="https://chat.example", **forwarded).status_code == 403


def test_a_server_whose_sockets_cannot_be_taken_over_has_none(susan: Browser) -> None:
    answer = susan.get(PATH, headers=RIGHT)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


@pytest.mark.sqlite_only("the database is not asked")
def test_a_full_process_and_one_that_stops_say_so_without_a_query(app: Flask, susan: Browser) -> None:
    live = app.extensions[LISTENER]
    with app.app_context():
        engine = db.engine
    with listening(engine) as statements:
        seats = [live.sockets.take_seat(number, number) for number in range(MOST_OF_ALL)]
        assert ask(susan.client).status_code == 503
        for seat in seats:
            live.sockets.leave(seat)
        live.leave()
        assert ask(susan.client).status_code == 503
        assert statements == []


@pytest.mark.sqlite_only("the table is taken away as SQLite does it")
def test_a_database_that_cannot_be_asked_is_no_fault_of_the_visitor(app: Flask, susan: Browser) -> None:
    with app.app_context():
        db.session.connection().exec_driver_sql("ALTER TABLE login_sessions RENAME TO taken_away")
        db.session.commit()
    assert ask(susan.client).status_code == 503
