"""Each test of a package that uses the database runs on SQLite and on PostgreSQL, and has an empty one to itself. Where
one of the two is chosen (chosen.py), every test runs on that one.

What looks at SQLite itself is marked `sqlite_only("why")`, and what looks at PostgreSQL `postgresql_only("why")`.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests import chosen
from tests.chosen import POSTGRESQL, SQLITE
from tests.databases import MIGRATED, Database, OwnDatabases, SharedDatabase, settings_in
from tests.postgresql_server import PostgresServer, postgres_server
from webpush_app import start
from webpush_app.config import Settings
from webpush_app.database import db, postgresql, sqlite

PACKAGES = {"accounts", "broadcasts", "database", "delivery", "engine", "messaging", "moving", "notifications"}
PACKAGES |= {"subscriptions"}
# Of the tests of the web, those whose requests lead to the database; the others look at headers, words and files.
OF_THE_WEB = {"error_pages", "forged_forms", "gate", "health", "json_requests", "odd_bodies", "pages_of_lists"}
OF_THE_WEB |= {"refused_input", "readiness", "metrics"}


def pytest_configure() -> None:
    complaint = chosen.complaint()
    if complaint:
        raise pytest.UsageError(complaint)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" not in metafunc.fixturenames:
        return
    only = _only(metafunc.definition)
    if only == POSTGRESQL:
        metafunc.parametrize("database", [POSTGRESQL], indirect=True)
    elif not only and (chosen.CHOSEN or _uses_the_database(metafunc.module.__name__)):
        metafunc.parametrize("database", chosen.DATABASES, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What looks at the other one is not part of this run."""
    elsewhere = [item for item in items if _only(item) not in (None, *chosen.DATABASES)]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if item not in elsewhere]


def _only(node: pytest.Item | pytest.Function) -> str | None:
    """The one database that the test is about."""
    marked = {kind: node.get_closest_marker(f"{kind}_only") for kind in chosen.BOTH}
    for marker in filter(None, marked.values()):
        assert [type(given) for given in marker.args] == [str], f"{node.nodeid}: say why"
    return next((kind for kind, marker in marked.items() if marker), None)


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


@pytest.fixture(scope="session", autouse=True)
def own_databases(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OwnDatabases | None]:
    """Where PostgreSQL is chosen, each folder in which a service is started has one."""
    if chosen.CHOSEN != POSTGRESQL:
        yield None
        return
    request.getfixturevalue("migrated_postgresql")
    server: PostgresServer = request.getfixturevalue("postgresql_server")
    with closing(OwnDatabases(server, tmp_path_factory.getbasetemp())) as own:
        chosen.make_with(own.make)
        yield own


@pytest.fixture(autouse=True)
def _databases_end_with_their_folders(
    request: pytest.FixtureRequest, own_databases: OwnDatabases | None
) -> Iterator[None]:
    yield
    folder = request.node.funcargs.get("tmp_path")
    if own_databases and folder:
        own_databases.drop_those_in(folder)


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Empty, and nobody else's during this test."""
    if getattr(request, "param", SQLITE) == POSTGRESQL:
        shared: SharedDatabase = request.getfixturevalue("shared_postgresql")
        shared.empty()
        chosen.keep_in(tmp_path, shared.url)
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


@pytest.fixture
def unmigrated(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database in which there is no table yet."""
    if chosen.CHOSEN == POSTGRESQL:
        make: Callable[[], str] = request.getfixturevalue("new_postgresql")
        return make()
    return f"sqlite:///{tmp_path / 'unmigrated.sqlite3'}"


def _prepare(settings: Settings) -> None:
    app = start.prepare(settings)
    with app.app_context():
        db.engine.dispose()
