"""`flask data copy` refuses what would go wrong, in one line that says what to do; and says what comes afterwards."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from tests.conftest import AppMaker
from tests.databases import Database
from tests.delivery.happenings import Happenings
from tests.moving.conftest import Copy, connected, is_empty, rows
from tests.people import People
from tests.postgresql_server import PASSWORD, PostgresServer
from tests.server.running import free_port
from webpush_app.database import db
from webpush_app.notifications.hearing import Ear


def refusal(result: Result) -> str:
    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit)
    line = result.output.strip().splitlines()[-1]
    assert line.startswith("Error: ")
    assert PASSWORD not in result.output
    return line.removeprefix("Error: ")


def test_it_says_what_to_do_next_and_no_password(
    app: Flask, people: People, copy: Copy, target: str, postgresql_server: PostgresServer
) -> None:
    people("susan")
    name = connected(target).info.dbname
    result = copy(postgresql_server.loopback_url(name))
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].split() == ["TABLE", "ROWS"]
    folder = app.config["SETTINGS"].instance_path
    assert [line.strip() for line in lines[-5:]] == [
        f"Copied: 1 row in {len(db.metadata.tables)} tables. All of them were read again there, and are the same.",
        "1. Leave the server stopped: what is written to the old database from now on is not in the copy.",
        f"2. Set DATABASE_URL to the new address, in the environment or in {folder}/application.cfg.py.",
        f"3. Keep the folder {folder}: the keys are there, and not in the database.",
        "4. Start it again: make run. The old database is as it was; remove it when all is well.",
    ]
    assert "sesame" not in result.output


def test_a_target_with_rows_is_refused_and_left_as_it_is(
    app: Flask, people: People, copy: Copy, target: str, make_app: AppMaker
) -> None:
    people("susan")
    assert copy(target).exit_code == 0
    before = rows(target)
    people("john")
    assert refusal(copy(target)) == (
        "The database that is copied to is not empty: its table users has 1 row. Nothing was changed "
        "there. Make a new one: createdb --template=template0 --encoding=UTF8 NAME"
    )
    assert rows(target) == before


def test_so_is_one_with_the_rows_of_another_program(copy: Copy, target: str) -> None:
    with connected(target) as other:
        other.execute('CREATE TABLE "Their Books" AS SELECT generate_series(1, 1200)')
        assert "is not empty: its table Their Books has 1,200 rows." in refusal(copy(target))
        tables = other.execute("SELECT relname FROM pg_stat_user_tables").fetchall()
    assert tables == [("Their Books",)]


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("0001", "The database that is copied is not that of this version. Run: flask db upgrade"),
        # Though this code may be started on it: it would leave behind what it does not know.
        (
            "9999_since_0001",
            (
                "A database cannot be used: it is of a newer version (9999_since_0001) than this code ({newest}). "
                "Update the code first. Nothing was copied."
            ),
        ),
    ],
)
def test_a_database_of_another_version_is_refused(
    database: Database, copy: Copy, target: str, revision: str, said: str
) -> None:
    [(newest,)] = database.rows("SELECT version_num FROM alembic_version")
    database.write(f"UPDATE alembic_version SET version_num = '{revision}'")
    try:
        refused = refusal(copy(target))
    finally:
        database.write(f"UPDATE alembic_version SET version_num = '{newest}'")
    assert refused == said.format(newest=newest)
    with connected(target) as other:
        assert other.execute("SELECT relname FROM pg_stat_user_tables").fetchall() == []


@pytest.mark.parametrize("revision", ["zzzz", "9999_since_0001"])
def test_a_target_of_a_newer_version_is_refused(copy: Copy, with_tables: str, revision: str) -> None:
    """Also where this code could be started on it."""
    with connected(with_tables) as other:
        other.execute("UPDATE alembic_version SET version_num = %s", [revision])
    said = refusal(copy(with_tables))
    assert said.startswith(f"A database cannot be used: it is of a newer version ({revision}) than this code (")
    assert said.endswith("). Update the code first. Nothing was copied.")


def test_the_same_database_is_refused(app: Flask, database: Database, copy: Copy) -> None:
    url = database.url.replace("postgresql+psycopg://", "postgresql://")
    said = "This is the database that is in use already. Give --to the address of another one."
    assert refusal(copy(url)) == said


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "mysql://u:{p}@h/d",
            "Invalid value for '--to': must begin with sqlite:/// and name a file, or begin with postg",
        ),
        ("postgresql://u:{p}@h:x/d", "Invalid value for '--to': must have a number as its port; write / # [ ] @ in a"),
        ("sqlite:///", "Invalid value for '--to': must begin with sqlite:///"),
        ("sqlite:////nowhere/at/all.sqlite3", "A database cannot be used: unable to open database file."),
    ],
)
def test_an_address_that_is_none(copy: Copy, address: str, said: str) -> None:
    assert refusal(copy(address.format(p=PASSWORD))).startswith(said)


def test_a_server_that_is_not_there(copy: Copy) -> None:
    port = free_port()
    said = refusal(copy(f"postgresql://webpush:hunter2@127.0.0.1:{port}/webpush"))
    assert f'"127.0.0.1", port {port} failed: Connection refused' in said
    assert said.endswith("Mend it, or correct --to, and start again.")
    assert "hunter2" not in said


def test_a_wrong_password(copy: Copy, postgresql_server: PostgresServer) -> None:
    said = refusal(copy(postgresql_server.loopback_url("postgres", "hunter2")))
    assert 'password authentication failed for user "postgres"' in said
    assert "hunter2" not in said


def test_a_database_that_is_not_in_utf8(copy: Copy, new_postgresql: Callable[..., str]) -> None:
    assert refusal(copy(new_postgresql(encoding="LATIN1"))).startswith("The database is kept in LATIN1")


def test_while_a_worker_is_at_work_it_is_refused_unless_that_is_wanted(app: Flask, copy: Copy, target: str) -> None:
    Happenings(app).worker_beats()
    said = refusal(copy(target))
    assert said.startswith("A worker was at work ")
    assert said.endswith(
        " s ago. Stop the server first: what is written during the copy would be left behind. "
        "If it was killed, wait 15 s. To copy all the same: --while-running"
    )
    done = copy(target, "--while-running")
    assert done.exit_code == 0
    assert "1. Stop the server that runs: what is written to the old database from now on is not in" in done.output
    assert not is_empty(target)


def test_a_worker_that_has_ended_is_none(app: Flask, copy: Copy, target: str) -> None:
    Happenings(app).worker_beats(has_ended=True)
    assert copy(target).exit_code == 0


def test_while_a_web_process_listens_it_is_refused_too(app: Flask, copy: Copy, target: str, tmp_path: Path) -> None:
    ear = Ear(tmp_path, lambda _word, _ids: None, lambda: None)
    ear.start()
    try:
        assert refusal(copy(target)).startswith("The server is running. Stop the server first: ")
    finally:
        ear.stop()
    assert copy(target).exit_code == 0
