"""What every test may ask for: an app on a database of its own, built by the migrations; people; and their browsers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from playwright.sync_api import Playwright, expect, sync_playwright

from tests.databases import SECRET_KEY, Database, settings_in
from tests.people import PASSWORD, Browser, People
from webpush_app import translate
from webpush_app.accounts import passwords
from webpush_app.database import db
from webpush_app.factory import create_app

__all__ = ["SECRET_KEY", "settings_in"]

pytest_plugins = ["tests.apps", "tests.missing_programs", "tests.both_databases", "tests.sharing", "tests.redis_server"]

AppMaker = Callable[..., Flask]
PATIENCE_MS = 15_000  # for what a page does by itself; other tests run beside


@pytest.fixture(scope="session", autouse=True)
def _compiled_translations() -> None:
    list(translate.compile_stale())


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One for all tests: a thread can have no second one beside it."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Made once: hashing is slow on purpose."""
    return passwords.hash_password(PASSWORD)


@pytest.fixture(scope="session")
def _templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates are compiled once for all tests, not once for each."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def make_app(tmp_path: Path, database: Database, _templates: FileSystemBytecodeCache) -> Iterator[AppMaker]:
    made: list[Flask] = []

    def make(**given: object) -> Flask:
        made.append(create_app(settings_in(tmp_path, **{"database_url": database.url, **given})))
        made[-1].jinja_env.bytecode_cache = _templates
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def app(make_app: AppMaker) -> Flask:
    return make_app()


@pytest.fixture
def people(app: Flask, password_hash: str) -> People:
    """`people("susan")` creates her and gives her id."""
    return People(app, password_hash)


@pytest.fixture
def stranger(app: Flask) -> FlaskClient:
    """A browser in which nobody is signed in."""
    return app.test_client()


@pytest.fixture
def susan(people: People) -> Browser:
    return people.browser("susan")


@pytest.fixture
def john(people: People) -> Browser:
    return people.browser("john")


@pytest.fixture
def admin(people: People) -> Browser:
    """The browser of somebody who may write to many."""
    people("admin", is_admin=True)
    return people.browser("admin")
