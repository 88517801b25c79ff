"""What keeps the service from starting on PostgreSQL is said in one line, which says what to do and no password."""

import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.databases import MIGRATED, settings_in
from tests.postgresql_server import PASSWORD, PostgresServer
from tests.server.running import free_port
from tests.server.test_start_problems import complaint
from webpush_app import start
from webpush_app.errors import StartError

pytestmark = pytest.mark.postgresql_only("these are its own troubles")


def refusal(folder: Path, url: str) -> str:
    with pytest.raises(StartError) as refused:
        start.prepare(settings_in(folder, database_url=url.replace("postgresql://", "postgresql+psycopg://", 1)))
    said = str(refused.value)
    assert "\n" not in said
    assert PASSWORD not in said
    return said


def test_a_wrong_password(tmp_path: Path, postgresql_server: PostgresServer) -> None:
    said = complaint(tmp_path, DATABASE_URL=postgresql_server.loopback_url("postgres", "hunter2"))
    assert said.startswith("The database cannot be used: connection to server at ")
    assert 'password authentication failed for user "postgres"' in said
    assert said.endswith("Mend it, or correct DATABASE_URL, and start again.")
    assert "hunter2" not in said


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    port = free_port()
    said = complaint(tmp_path, DATABASE_URL=f"postgresql://webpush:hunter2@127.0.0.1:{port}/webpush")
    assert f'connection to server at "127.0.0.1", port {port} failed: Connection refused' in said
    assert "hunter2" not in said


def test_the_packages_for_it_are_missing(tmp_path: Path, postgresql_server: PostgresServer) -> None:
    """A module that is None cannot be imported: as where nobody has installed it."""
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['psycopg'] = None\n", encoding="utf-8")
    said = complaint(tmp_path, DATABASE_URL=postgresql_server.loopback_url("postgres"), PYTHONPATH=str(tmp_path))
    assert said.endswith("Run: make scale")


@pytest.mark.parametrize(
    ("name", "user", "why"),
    [
        ("nowhere", "postgres", 'database "nowhere" does not exist'),
        ("postgres", "nobody", 'password authentication failed for user "nobody"'),
    ],
    ids=["database", "user"],
)
def test_a_name_that_the_server_does_not_know(
    tmp_path: Path, postgresql_server: PostgresServer, name: str, user: str, why: str
) -> None:
    assert why in refusal(tmp_path, postgresql_server.loopback_url(name, user=user))


def test_a_password_that_the_driver_repeats_is_taken_out(tmp_path: Path) -> None:
    """Nothing is known that would make it do so, but for a host of the same name."""
    said = refusal(tmp_path, "postgresql://user:hunter2.invalid@hunter2.invalid/name")
    assert said.startswith("The database cannot be used: failed to resolve host '***'")


@pytest.mark.parametrize("more", ["?no_such_option=1", "?connect_timeout=soon", "?sslmode=perhaps"])
def test_an_address_that_the_driver_does_not_understand(
    tmp_path: Path, postgresql_server: PostgresServer, more: str
) -> None:
    assert refusal(tmp_path, postgresql_server.loopback_url("postgres") + more).startswith(
        "The database cannot be used"
    )


def test_a_database_that_has_no_room_for_every_language(
    tmp_path: Path, postgresql_server: PostgresServer, new_postgresql: Callable[..., str]
) -> None:
    said = refusal(tmp_path, new_postgresql(encoding="LATIN1"))
    assert said.startswith("The database is kept in LATIN1, which has no room for every language.")
    assert "createdb --template=template0 --encoding=UTF8" in said


def test_a_user_who_may_make_no_tables(
    tmp_path: Path, postgresql_server: PostgresServer, new_postgresql: Callable[..., str]
) -> None:
    new_postgresql()
    with postgresql_server.connect() as connection:
        connection.execute(f"CREATE ROLE visitor LOGIN PASSWORD '{PASSWORD}'".encode())
    try:
        said = refusal(tmp_path, postgresql_server.loopback_url("new_0", user="visitor"))
    finally:
        with postgresql_server.connect() as connection:
            connection.execute("DROP ROLE visitor")
    assert "permission denied for schema public" in said


def test_a_database_of_a_newer_version(
    tmp_path: Path, migrated_postgresql: str, new_postgresql: Callable[..., str], postgresql_server: PostgresServer
) -> None:
    url = new_postgresql(migrated_postgresql)
    with postgresql_server.connect("new_0") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'zzzz'")
    assert "zzzz" in refusal(tmp_path, url)


def test_who_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that takes the connection and says nothing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        said = refusal(tmp_path, f"postgresql://u:p@127.0.0.1:{silent.getsockname()[1]}/d?connect_timeout=2")
    assert "timeout" in said


def test_the_address_by_loopback_with_a_password_works(
    tmp_path: Path, postgresql_server: PostgresServer, migrated_postgresql: str, new_postgresql: Callable[..., str]
) -> None:
    new_postgresql(MIGRATED)
    url = postgresql_server.loopback_url("new_0").replace("postgresql://", "postgresql+psycopg://", 1)
    assert start.prepare(settings_in(tmp_path, database_url=url))
    assert "psycopg" in sys.modules
