"""Several web processes let a login session through as often as one would."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from flask import Flask

from tests.broadcasts.conftest import Hands
from tests.chosen import POSTGRESQL
from tests.conftest import AppMaker
from tests.databases import Database
from tests.notifications.test_socket_gate import ask, sign_out_and_keep_the_cookie
from tests.people import Browser
from webpush_app.database import begin_write, db
from webpush_app.notifications.shared_turnstile import SharedTurnstile, forget_turns, turnstile_for
from webpush_app.notifications.turnstile import AT_ONCE, PER_SECOND, OwnTurnstile

TURNS = "SELECT count(*) FROM turnstiles"
of_postgresql = pytest.mark.postgresql_only("on SQLite one web process is the whole site")


@pytest.fixture
def processes(app: Flask) -> Sequence[SharedTurnstile]:
    """Each has a memory of its own."""
    return [SharedTurnstile() for _ in range(4)]


@pytest.fixture
def _within(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def knock(processes: Sequence[SharedTurnstile], times: int, token: str = "susan") -> int:
    """At one after the other; how often it was let through."""
    return sum(processes[number % len(processes)].lets(token) for number in range(times))


@pytest.mark.usefixtures("_within", "hands")
def test_several_processes_count_together(processes: Sequence[SharedTurnstile]) -> None:
    assert knock(processes, AT_ONCE * 2) == AT_ONCE
    assert knock(processes, 1, "john") == 1


@pytest.mark.usefixtures("_within")
def test_after_a_while_one_more_is_let_through_and_who_was_refused_has_lost_nothing(
    processes: Sequence[SharedTurnstile], hands: Hands
) -> None:
    knock(processes, AT_ONCE * 2)
    hands.move(seconds=1 / PER_SECOND)
    assert knock(processes[1:], 4) == 1


@pytest.mark.usefixtures("_within")
def test_nobody_saves_turns_up_in_the_database(processes: Sequence[SharedTurnstile], hands: Hands) -> None:
    knock(processes, 1)
    hands.move(hours=1)
    assert knock(processes, AT_ONCE * 2) == AT_ONCE


@pytest.mark.usefixtures("_within", "hands")
def test_who_knocks_at_one_process_without_end_is_refused_without_a_query(
    processes: Sequence[SharedTurnstile], database: Database
) -> None:
    knock(processes[:1], AT_ONCE)
    with _taken_away(database):
        assert knock(processes[:1], 5) == 0


@contextmanager
def _taken_away(database: Database) -> Iterator[None]:
    with database.elsewhere() as connection:
        connection.exec_driver_sql("ALTER TABLE turnstiles RENAME TO taken_away")
        connection.commit()
        try:
            yield
        finally:
            connection.exec_driver_sql("ALTER TABLE taken_away RENAME TO turnstiles")
            connection.commit()


@pytest.mark.usefixtures("_within", "hands")
def test_where_the_database_is_busy_each_process_counts_for_itself(
    processes: Sequence[SharedTurnstile], database: Database
) -> None:
    with database.somebody_writes():
        assert knock(processes, AT_ONCE * 3) == AT_ONCE * 3
    with _taken_away(database):
        assert AT_ONCE <= knock([SharedTurnstile()], AT_ONCE * 2) < AT_ONCE * 2


def test_sessions_that_have_all_their_turns_again_are_forgotten(
    app: Flask, processes: Sequence[SharedTurnstile], hands: Hands, database: Database
) -> None:
    with app.app_context():
        for number in range(5):
            knock(processes, 1, f"person{number}")
        hands.move(seconds=2)
        knock(processes, 1, "susan")
        begin_write()
        assert [forget_turns(3), forget_turns(3), forget_turns(3)] == [3, 2, 0]
        db.session.commit()
    assert database.rows(TURNS) == [(1,)]


def test_only_where_several_processes_can_be_the_database_is_asked(database: Database) -> None:
    assert type(turnstile_for(database.url)) is (SharedTurnstile if database.kind == POSTGRESQL else OwnTurnstile)


@of_postgresql
def test_two_web_processes_refuse_who_asks_both_of_them_without_end(
    app: Flask, make_app: AppMaker, susan: Browser
) -> None:
    sign_out_and_keep_the_cookie(susan)  # so that each is refused at once, and none is a socket
    with susan.client.session_transaction() as session:
        token = session["_user_id"]
    another = make_app().test_client()
    with another.session_transaction() as session:
        session["_user_id"] = token
    statuses = [ask(client).status_code for _ in range(AT_ONCE) for client in (susan.client, another)]
    assert set(statuses) == {401, 429}
    assert statuses.count(429) >= AT_ONCE / 2, "alone, each of them would have let all of its own through"


@of_postgresql
def test_what_is_lost_in_a_crash_is_not_written_to_the_log_of_the_database(database: Database, app: Flask) -> None:
    assert database.rows("SELECT relpersistence FROM pg_class WHERE relname = 'turnstiles'") == [("u",)]
