"""Guesses at once, in whichever processes: as many are let through as if they had come one after the other.

Apps in one test share the places in which hashes are computed; here there are as many as eight processes have.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import cycle
from threading import Barrier, BoundedSemaphore

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from tests.accounts.conftest import Hands
from tests.accounts.steps import NEW_PASSWORD, fail, failures, sign_in
from tests.conftest import AppMaker
from tests.databases import Database
from tests.people import PASSWORD, People, csrf_token
from webpush_app import clock
from webpush_app.accounts import passwords, throttle, tries
from webpush_app.accounts.models import LoginFailure
from webpush_app.database import begin_write, db
from webpush_app.errors import TooManyRequests

PLACES = 8 * passwords._AT_ONCE
HERE, ELSEWHERE = "127.0.0.1", "203.0.113.5"


@pytest.fixture(autouse=True)
def _places_of_eight_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_places", BoundedSemaphore(PLACES))


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hash takes its time, so that many are under way together."""
    verify = passwords._verify

    def verify_slowly(password_hash: str, password: str) -> bool:
        time.sleep(0.1)
        return verify(password_hash, password)

    monkeypatch.setattr(passwords, "_verify", verify_slowly)


@pytest.fixture
def apps(app: Flask, make_app: AppMaker) -> Sequence[Flask]:
    return app, make_app()


def at_once(apps: Sequence[Flask], tries: Sequence[tuple[str, str]], password: str) -> list[int]:
    """The statuses of these sign-ins, each a name and an address, that all apps are sent in the same instant."""
    barrier = Barrier(len(tries))

    def prepare(app: Flask, username: str, address: str) -> Callable[[], int]:
        client = app.test_client()
        fields = {"username": username, "password": password, "csrf_token": csrf_token(client.get("/login"))}

        def send() -> int:
            barrier.wait()
            return client.post("/login", data=fields, environ_overrides={"REMOTE_ADDR": address}).status_code

        return send

    requests = [prepare(app, *one) for app, one in zip(cycle(apps), tries, strict=False)]
    with ThreadPoolExecutor(len(requests)) as pool:
        return [one.result() for one in [pool.submit(request) for request in requests]]


GUESSES = 24
AS_IF_ONE_AFTER_THE_OTHER = [401] * throttle.FREE_FAILURES + [429] * (GUESSES - throttle.FREE_FAILURES)


@pytest.mark.usefixtures("slow")
def test_guesses_at_one_account_at_once_are_let_through_as_if_one_came_after_the_other(
    apps: Sequence[Flask], people: People, verified: list[str]
) -> None:
    people("susan")
    statuses = at_once(apps, [("susan", f"198.51.100.{number}") for number in range(GUESSES)], "a wrong guess")
    assert sorted(statuses) == AS_IF_ONE_AFTER_THE_OTHER
    assert len(verified) == len(failures(apps[0])) == throttle.FREE_FAILURES


@pytest.mark.usefixtures("slow")
def test_guesses_from_one_address_at_many_accounts_at_once_too(apps: Sequence[Flask], verified: list[str]) -> None:
    statuses = at_once(apps, [(f"person{number}", HERE) for number in range(GUESSES)], "a wrong guess")
    assert sorted(statuses) == AS_IF_ONE_AFTER_THE_OTHER
    assert len(verified) == throttle.FREE_FAILURES


@pytest.mark.parametrize(
    ("mine", "another"), [(("susan", HERE), ("susan", ELSEWHERE)), (("susan", HERE), ("john", HERE))]
)
def test_who_is_being_counted_is_waited_for(
    apps: Sequence[Flask], mine: tuple[str, str], another: tuple[str, str]
) -> None:
    """Of two in the same instant, where one more failure makes everybody wait."""
    fail(apps[0], mine[0], throttle.FREE_FAILURES - 1, address=mine[1])

    def try_it() -> int:
        with apps[1].app_context(), apps[1].test_request_context():
            return tries.begin(*another)

    with apps[0].app_context(), ThreadPoolExecutor(1) as pool:
        begin_write()
        number = throttle.begin_try(*mine)
        assert number is not None
        trying = pool.submit(try_it)
        with pytest.raises(TimeoutError):
            trying.result(timeout=0.5)
        throttle.fail_try(number, *mine)
        db.session.commit()
        with pytest.raises(TooManyRequests):
            trying.result()


@pytest.mark.usefixtures("slow")
def test_when_a_wait_is_over_one_of_many_is_let_through(apps: Sequence[Flask], hands: Hands) -> None:
    fail(apps[0], "susan", throttle.FREE_FAILURES)
    hands.move(seconds=5.1)
    assert sorted(at_once(apps, [("susan", HERE)] * 8, "a wrong guess")) == [401] + [429] * 7


@pytest.mark.usefixtures("slow")
def test_many_who_sign_in_at_once_from_one_address_are_all_let_in(
    apps: Sequence[Flask], people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than may fail there: those who are undecided are waited for, and nobody failed."""
    monkeypatch.setattr(tries, "PATIENCE_SECONDS", 60.0)  # this machine may have much to do besides
    names = [f"person{number}" for number in range(PLACES + 4)]
    for name in names:
        people(name)
    fail(apps[0], "somebody", throttle.FREE_FAILURES - 1)
    assert at_once(apps, [(name, HERE) for name in names], PASSWORD) == [302] * len(names)
    assert failures(apps[0]) == [("somebody", HERE)] * (throttle.FREE_FAILURES - 1)


def _begin(app: Flask, username: str, address: str = HERE, times: int = 1) -> None:
    """Tries whose process does not come to their end."""
    with app.app_context():
        for _time in range(times):
            begin_write()
            assert throttle.begin_try(username, address)
            db.session.commit()


def test_a_try_whose_process_was_killed_counts_as_a_failure_after_a_while(
    app: Flask, stranger: FlaskClient, people: People, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    people("susan")
    monkeypatch.setattr(tries, "PATIENCE_SECONDS", 0.1)
    _begin(app, "susan", times=throttle.FREE_FAILURES)
    began = time.monotonic()
    answer = sign_in(stranger, "susan")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert time.monotonic() - began < 20
    hands.move(seconds=throttle.TRY_LASTS.total_seconds() + 5.1)
    assert sign_in(stranger, "susan", "a wrong guess").status_code == 401
    assert sign_in(stranger, "susan").status_code == 429


def test_the_right_password_forgives_no_guess_of_the_same_instant(
    app: Flask, stranger: FlaskClient, people: People
) -> None:
    people("susan")
    fail(app, "susan", 3)
    _begin(app, "susan")
    assert sign_in(stranger, "susan").status_code == 302
    assert failures(app) == [("susan", "127.0.0.1")]


def test_a_change_of_password_leaves_no_try_behind(app: Flask, people: People) -> None:
    fields = {"old_password": PASSWORD, "password": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert people.browser("susan").submit("/change_password", fields).status_code == 302
    assert failures(app) == []


def test_a_failure_that_was_long_in_coming_counts_all_the_same(app: Flask) -> None:
    with app.app_context():
        begin_write()
        throttle.fail_try(12345, "susan", "127.0.0.1")
        db.session.commit()
    assert failures(app) == [("susan", "127.0.0.1")]


def test_nothing_is_locked_while_a_password_is_looked_at(
    app: Flask, stranger: FlaskClient, people: People, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    people("susan")
    seen: list[object] = []
    verify = passwords._verify

    def look_first(password_hash: str, password: str) -> bool:
        with database.somebody_writes():  # which waits for every writer
            seen.append(database.rows("SELECT account FROM login_failures"))
        return verify(password_hash, password)

    monkeypatch.setattr(passwords, "_verify", look_first)
    assert sign_in(stranger, "susan").status_code == 302
    assert seen == [[("susan",)]]
    assert failures(app) == []


@pytest.mark.postgresql_only("on SQLite one at a time writes anyway")
@pytest.mark.usefixtures("little_patience")
def test_an_owner_at_a_known_address_stands_in_no_line_of_strangers(
    make_app: AppMaker, database: Database, password_hash: str
) -> None:
    app = make_app()
    People(app, password_hash)("susan")
    assert sign_in(app.test_client(), "susan").status_code == 302
    with database.elsewhere() as strangers:
        strangers.execute(text("SELECT pg_advisory_xact_lock(hashtext('sign-in as susan'))"))
        assert sign_in(app.test_client(), "susan").status_code == 302
        answer = sign_in(app.test_client(), "susan", environ_overrides={"REMOTE_ADDR": ELSEWHERE})
        assert answer.status_code == 503
        strangers.rollback()


@pytest.mark.postgresql_only("on SQLite one at a time writes anyway")
@pytest.mark.usefixtures("little_patience")
def test_whoever_has_to_wait_is_told_so_without_standing_in_line(make_app: AppMaker, database: Database) -> None:
    app = make_app()
    fail(app, "susan", throttle.FREE_FAILURES)
    with database.elsewhere() as strangers:
        strangers.execute(text("SELECT pg_advisory_xact_lock(hashtext('sign-in as susan'))"))
        assert sign_in(app.test_client(), "susan").status_code == 429
        strangers.rollback()


@pytest.mark.postgresql_only("on SQLite one at a time writes anyway")
@pytest.mark.usefixtures("little_patience")
def test_what_another_process_forgets_in_the_same_instant_is_not_waited_for(
    make_app: AppMaker, database: Database
) -> None:
    app = make_app()
    with app.app_context():
        begin_write()
        old = clock.now() - throttle.WINDOW - timedelta(seconds=1)
        db.session.add_all(LoginFailure(account="john", address="", at=old) for _ in range(2))
        db.session.commit()
    with database.elsewhere() as another:
        another.execute(text("DELETE FROM login_failures WHERE id = (SELECT min(id) FROM login_failures)"))
        assert sign_in(app.test_client(), "susan", "a wrong guess").status_code == 401
        another.rollback()
    assert failures(app) == [("john", ""), ("susan", "127.0.0.1")]
