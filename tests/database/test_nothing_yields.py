"""Inside a write nobody else gets to run: who holds the database while others run may make them all wait."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.database import programs
from tests.people import PASSWORD, Browser, submit
from webpush_app.accounts import first_admin, passwords
from webpush_app.database import begin_write, db

WRITES_OF_ONE_PERSON = 12


@pytest.mark.sqlite_only("on PostgreSQL others may write at the same time")
def test_no_other_greenlet_runs_between_begin_and_commit(app: Flask) -> None:
    found = programs.result(programs.start("undisturbed", app.instance_path))
    assert found["switches_on_purpose"] == 1, "the watch sees nothing"
    assert found["codes"] == [[302, 302, 200, 302, 302, 200, 302, 302, 401, 302, 200]] * 4
    assert found["writes"] >= 4 * WRITES_OF_ONE_PERSON
    assert found["switches"] == []


class WatchedHasher:
    """Hashes as before, and notes how many connections were in use meanwhile."""

    def __init__(self, original: Any) -> None:
        self._original = original
        self.connections_in_use: list[int] = []

    def hash(self, password: str) -> str:
        self._note()
        made: str = self._original.hash(password)
        return made

    def verify(self, password_hash: str, password: str) -> bool:
        self._note()
        is_right: bool = self._original.verify(password_hash, password)
        return is_right

    def check_needs_rehash(self, _password_hash: str) -> bool:
        return True

    def _note(self) -> None:
        pool: Any = db.engine.pool
        self.connections_in_use.append(pool.checkedout())


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> WatchedHasher:
    watched = WatchedHasher(passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", watched)
    return watched


def register(_app: Flask, stranger: FlaskClient) -> Any:
    return submit(stranger, "/register", {"username": "alice", "password": PASSWORD, "password2": PASSWORD})


def become_first_admin(app: Flask, stranger: FlaskClient) -> Any:
    with app.app_context():
        begin_write()
        token = first_admin.new_token()
        db.session.commit()
    fields = {"username": "alice", "password": PASSWORD, "password2": PASSWORD, "contact_email": "ops@example.com"}
    return submit(stranger, f"/first-admin/{token}", fields)


def sign_in(_app: Flask, stranger: FlaskClient) -> Any:
    return submit(stranger, "/login", {"username": "susan", "password": PASSWORD})


def sign_in_wrongly(_app: Flask, stranger: FlaskClient) -> Any:
    return submit(stranger, "/login", {"username": "susan", "password": "wrong"})


def sign_in_as_nobody(_app: Flask, stranger: FlaskClient) -> Any:
    return submit(stranger, "/login", {"username": "nobody1", "password": "wrong"})


def create_by_command(app: Flask, _stranger: FlaskClient) -> Any:
    return app.test_cli_runner().invoke(args=["user", "create", "alice", "--password", PASSWORD])


@pytest.mark.usefixtures("susan")
@pytest.mark.parametrize(
    ("act", "hashed"),
    [
        (register, 1),
        (become_first_admin, 1),
        (sign_in, 2),  # verified, and hashed anew because the cost has changed
        (sign_in_wrongly, 1),
        (sign_in_as_nobody, 1),
        (create_by_command, 1),
    ],
)
def test_no_transaction_is_open_while_a_password_is_hashed(
    app: Flask,
    stranger: FlaskClient,
    hasher: WatchedHasher,
    act: Callable[[Flask, FlaskClient], Any],
    hashed: int,
) -> None:
    act(app, stranger)
    assert hasher.connections_in_use == [0] * hashed


def test_nor_while_a_password_is_changed(susan: Browser, hasher: WatchedHasher) -> None:
    new = "another long password"
    fields = {"old_password": PASSWORD, "password": new, "password2": new}
    assert susan.submit("/change_password", fields).status_code == 302
    assert hasher.connections_in_use == [0, 0]
