"""What people do at the door: register, sign in, and look whether they are in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.people import PASSWORD, csrf_token, submit
from webpush_app.accounts import throttle
from webpush_app.accounts.models import LoginFailure, LoginSession, User
from webpush_app.database import begin_write, db

COOKIE = "webpush_session"
NEW_PASSWORD = "a quite different password"


def register(client: FlaskClient, username: str, **fields: Any) -> TestResponse:
    password = fields.get("password", PASSWORD)
    answer: TestResponse = submit(
        client, "/register", {"username": username, "password": password, "password2": password, **fields}
    )
    return answer


def sign_in(client: FlaskClient, username: str, password: str = PASSWORD, **options: Any) -> TestResponse:
    """`options` go to the request: an address, a base address, the query with `next`, further fields as `data`."""
    fields = {"username": username, "password": password, **options.pop("data", {})}
    base = {name: options[name] for name in ("base_url",) if name in options}
    token = csrf_token(client.get("/login", **base))
    return client.post("/login", data={"csrf_token": token, **fields}, **options)


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/edit_profile").status_code == 200


def cookie(client: FlaskClient) -> str:
    found = client.get_cookie(COOKIE)
    return found.value if found else ""


def carrying(app: Flask, value: str) -> FlaskClient:
    """Another browser that holds a copy of this cookie."""
    client = app.test_client()
    client.set_cookie(COOKIE, value)
    return client


def usernames(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(User.username).order_by(User.id)))


def person(app: Flask, username: str) -> User:
    with app.app_context():
        return db.session.scalars(select(User).where(User.username == username)).one()


def sessions_of(app: Flask, username: str) -> list[LoginSession]:
    with app.app_context():
        query = select(LoginSession).join(User).where(User.username == username).order_by(LoginSession.id)
        return list(db.session.scalars(query))


def failures(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        rows = db.session.scalars(select(LoginFailure).order_by(LoginFailure.id))
        return [(row.account, row.address) for row in rows]


def fail(app: Flask, username: str, times: int, *, address: str = "127.0.0.1") -> None:
    """Failures as sign-in notes them, without the wait for the hashes."""
    with app.app_context():
        begin_write()
        for _time in range(times):
            throttle.record_failure(username, throttle.address_key(address))
        db.session.commit()


def at_once(app: Flask, count: int, prepare: Callable[[FlaskClient, int], Callable[[], TestResponse]]) -> list[int]:
    """The statuses of requests that browsers of their own send in the same instant."""
    requests = [prepare(app.test_client(), number) for number in range(count)]
    barrier = Barrier(count)

    def send(request: Callable[[], TestResponse]) -> int:
        barrier.wait()
        return request().status_code

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(send, requests))
