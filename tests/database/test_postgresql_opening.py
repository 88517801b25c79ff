"""How every connection to PostgreSQL is opened, and what happens where there is none to be had."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from flask import Flask, Response
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from tests.conftest import AppMaker
from tests.databases import MIGRATED, Database
from tests.people import Browser
from tests.postgresql_server import PostgresServer
from webpush_app.database import db, postgresql
from webpush_app.errors import DatabaseBusy

pytestmark = pytest.mark.postgresql_only("these are its own settings")

ALL = 30  # the connections that one process opens at the most


def shown(names: tuple[str, ...]) -> dict[str, str]:
    with db.engine.connect() as connection:
        return {name: connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in names}


def test_every_connection_is_opened_in_the_same_way(app: Flask) -> None:
    expected = {
        "TimeZone": "UTC",
        "client_encoding": "UTF8",
        "application_name": "webpush",
        "lock_timeout": "5s",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "5min",
        "transaction_isolation": "read committed",
    }
    with app.app_context():
        assert shown(tuple(expected)) == expected


def test_what_the_address_says_goes_before_it(make_app: AppMaker, database: Database) -> None:
    more = "&application_name=mine&options=-c%20statement_timeout%3D7s"
    with make_app(database_url=f"{database.url}{more}").app_context():
        names = ("application_name", "statement_timeout", "lock_timeout")
        assert shown(names) == {"application_name": "mine", "statement_timeout": "7s", "lock_timeout": "0"}
        url = make_url(f"{database.url}&connect_timeout=20")
        assert "connect_timeout" not in postgresql.engine_options(url)["connect_args"]


def test_a_process_opens_only_so_many_and_who_finds_none_is_told_kindly(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "PATIENCE_SECONDS", 1)
    with make_app().app_context(), ExitStack() as opened:
        for _number in range(ALL):
            opened.enter_context(db.engine.connect())
        began = time.monotonic()
        with pytest.raises(DatabaseBusy) as busy:
            db.engine.connect()
        assert 0.9 <= time.monotonic() - began < 3
        assert busy.value.retry_after_seconds == 2


def test_who_waits_for_a_place_gets_the_first_that_is_free(app: Flask) -> None:
    with app.app_context(), ExitStack() as opened:
        first, *_others = [opened.enter_context(db.engine.connect()) for _number in range(ALL)]
        threading.Timer(0.2, first.close).start()
        opened.enter_context(db.engine.connect())


def end_all_connections(database: Database) -> None:
    """As a restart of the server does it."""
    with database.elsewhere() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'webpush'"
        )


def test_nobody_notices_that_connections_in_the_pool_were_lost(database: Database, susan: Browser) -> None:
    assert susan.get("/people").status_code == 200
    end_all_connections(database)
    assert susan.get("/people").status_code == 200


@pytest.fixture
def let_in(postgresql_server: PostgresServer) -> Callable[[str, bool], None]:
    def let(name: str, is_let_in: bool) -> None:
        with postgresql_server.connect() as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {str(is_let_in).lower()}".encode())

    return let


@pytest.fixture
def own(new_postgresql: Callable[..., str], let_in: Callable[[str, bool], None]) -> Iterator[Database]:
    database = Database("postgresql", new_postgresql(MIGRATED))
    yield database
    let_in("new_0", True)


def test_a_server_that_is_just_being_started_again_is_waited_for(
    make_app: AppMaker, own: Database, let_in: Callable[[str, bool], None]
) -> None:
    client = make_app(database_url=own.url).test_client()
    let_in("new_0", False)
    threading.Timer(0.5, let_in, ["new_0", True]).start()
    began = time.monotonic()
    assert client.get("/").status_code == 200
    assert time.monotonic() - began >= 0.4


def test_but_not_for_ever_and_then_it_is_said_to_the_person_and_in_the_log(
    make_app: AppMaker,
    own: Database,
    let_in: Callable[[str, bool], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(postgresql, "PATIENCE_SECONDS", 0.2)
    client = make_app(database_url=own.url).test_client()
    let_in("new_0", False)
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert "PostgreSQL: connection failed: " in caplog.text
    assert 'database "new_0" is not currently accepting connections' in caplog.text


def test_once_it_was_waited_for_in_vain_people_are_told_at_once_until_it_is_back(
    make_app: AppMaker,
    own: Database,
    let_in: Callable[[str, bool], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(postgresql, "PATIENCE_SECONDS", 1.0)
    app = make_app(database_url=own.url)
    client = app.test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "somebody"
    let_in("new_0", False)
    assert client.get("/").status_code == 503
    began = time.monotonic()
    assert client.get("/").status_code == 503
    assert time.monotonic() - began < 1.0
    with app.app_context(), pytest.raises(DatabaseBusy):  # a worker waits
        db.engine.connect()
    assert time.monotonic() - began > 1.0
    assert "viewer_of_an_error_page_not_loaded" in caplog.text
    assert "Traceback" not in caplog.text
    let_in("new_0", True)
    assert client.get("/").status_code == 200
    end_all_connections(own)
    let_in("new_0", False)
    threading.Timer(0.3, let_in, ["new_0", True]).start()
    assert client.get("/").status_code == 200


def test_an_answer_that_is_made_is_given_also_where_its_connection_breaks_afterwards(
    app: Flask, database: Database, susan: Browser
) -> None:
    def fail(response: Response) -> Response:
        end_all_connections(database)
        return response

    app.after_request_funcs.setdefault(None, []).append(fail)
    assert [susan.get("/people").status_code for _ in range(2)] == [200, 200]


def test_the_pool_writes_nothing_into_our_log(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "webpush_app")
    with app.app_context():
        db.engine.connect().close()
        db.engine.dispose()
    assert caplog.text == ""


def test_each_may_be_opened_without_our_settings_too(database: Database) -> None:
    """What the tests look by is the same database, and none of our connections."""
    engine = create_engine(database.url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW application_name").scalar_one() == ""
    engine.dispose()
