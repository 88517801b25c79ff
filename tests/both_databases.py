"""Each test of a package that uses the database runs on SQLite and on PostgreSQL, and has an empty one to itself.

What looks at SQLite itself is marked `sqlite_only("why")`, and what looks at PostgreSQL `postgresql_only("why")`.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.databases import MIGRATED, POSTGRESQL, SQLITE, Database, SharedDatabase, settings_in
from tests.postgresql_server import PostgresServer, postgres_server
from webpush_app import start
from webpush_app.config import Settings
from webpush_app.database import db, postgresql, sqlite

PACKAGES = {"accounts", "broadcasts", "database", "delivery", "engine", "messaging", "notifications", "subscriptions"}
# Of the tests of the web, those whose requests lead to the database; the others look at headers, words and files.
OF_THE_WEB = {"error_pages", "forged_forms", "gate", "health", "json_requests", "odd_bodies", "pages_of_lists"}
OF_THE_WEB |= {"refused_input", "readiness", "metrics"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" not in metafunc.fixturenames:
        return
    marked = {kind: metafunc.definition.get_closest_marker(f"{kind}_only") for kind in (SQLITE, POSTGRESQL)}
    for marker in filter(None, marked.values()):
        assert [type(given) for given in marker.args] == [str], f"{metafunc.definition.nodeid}: say why"
    if marked[POSTGRESQL]:
        metafunc.parametrize("database", [POSTGRESQL], indirect=True)
    elif not marked[SQLITE] and _uses_the_database(metafunc.module.__name__):
        metafunc.parametrize("database", [SQLITE, POSTGRESQL], indirect=True)


def _uses_the_database(module: str) -> bool:
    _tests, package, *rest = module.split(".")
    return package in PACKAGES or (package == "web" and rest[0].removeprefix("test_") in OF_THE_WEB)


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database as the migrations make it; each test gets a copy."""
    folder = tmp_path_factory.mktemp("migrated")
    _prepare(settings_in(folder))
    return folder / "webpush.sqlite3"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: PostgresServer) -> str:
    """An empty PostgreSQL database as the migrations make it: its name, for copies."""
    postgresql_server.create(MIGRATED)
    with tempfile.TemporaryDirectory() as folder:
        _prepare(settings_in(Path(folder), database_url=postgresql_server.url(MIGRATED)))
    return MIGRATED


@pytest.fixture(scope="session")
def shared_postgresql(postgresql_server: PostgresServer, migrated_postgresql: str) -> Iterator[SharedDatabase]:
    with closing(SharedDatabase(postgresql_server)) as shared:
        yield shared


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Empty, and nobody else's during this test."""
    if getattr(request, "param", SQLITE) == POSTGRESQL:
        shared: SharedDatabase = request.getfixturevalue("shared_postgresql")
        shared.empty()
        return Database(POSTGRESQL, shared.url)
    file = tmp_path / "webpush.sqlite3"
    shutil.copyfile(request.getfixturevalue("migrated_database"), file)
    return Database(SQLITE, f"sqlite:///{file}")


@pytest.fixture
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has to wait for somebody else's write gives up soon. Ask for it before the app is made."""
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 0.1)
    options = postgresql._CONNECTING["options"].replace("lock_timeout=5s", "lock_timeout=100ms")
    monkeypatch.setitem(postgresql._CONNECTING, "options", options)


@pytest.fixture
def new_postgresql(postgresql_server: PostgresServer) -> Iterator[Callable[..., str]]:
    """Makes databases of the test's own, without any table or as copies; their addresses."""
    made: list[str] = []

    def make(template: str = "template0", **options: str) -> str:
        made.append(f"new_{len(made)}")
        postgresql_server.create(made[-1], template, **options)
        return postgresql_server.url(made[-1])

    yield make
    for name in made:
        postgresql_server.drop(name)


def _prepare(settings: Settings) -> None:
    app = start.prepare(settings)
    with app.app_context():
        db.engine.dispose()
