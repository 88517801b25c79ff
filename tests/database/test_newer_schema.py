"""The code of one version starts on the schema of the next: what only adds, and says so, keeps nobody out."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import select

from tests.database.revisions import Migrations, of_its_own, schema
from tests.databases import SECRET_KEY, Database, settings_in
from tests.people import People
from tests.server.running import running
from webpush_app import start
from webpush_app.accounts.models import User
from webpush_app.config import ROOT
from webpush_app.database import db
from webpush_app.database.migrating import may_be_used
from webpush_app.errors import StartError

NEWEST = ScriptDirectory(str(ROOT / "migrations")).get_current_head() or ""
NUMBER = int(NEWEST[:4])
ADDS = f"{NUMBER + 1:04}_since_{NUMBER:04}"
TAKES_AWAY = f"{NUMBER + 1:04}_since_{NUMBER + 1:04}"
# From here on a name says which code may use the schema; the ones before are older than the first release.
NAMED_FROM = 8

Upgrade = Callable[[str], None]


@pytest.fixture
def database(database: Database, request: pytest.FixtureRequest) -> Database:
    return of_its_own(database, request)


@pytest.fixture
def upgrade(app: Flask, migrations: Migrations) -> Upgrade:
    """By the code of the next version."""

    def run(revision: str) -> None:
        migrations.add("""op.add_column("users", sa.Column("nickname", sa.String(9), nullable=True))""", revision)
        with app.app_context():
            command.upgrade(migrations.config, "head")
            db.session.rollback()

    return run


@pytest.fixture
def begin(database: Database, tmp_path: Path) -> Callable[[], Flask]:
    return lambda: start.prepare(settings_in(tmp_path, database_url=database.url))


def schema_of(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        return schema()


def test_it_starts_where_the_next_version_has_only_added(
    people: People, upgrade: Upgrade, begin: Callable[[], Flask], capsys: pytest.CaptureFixture[str]
) -> None:
    people("susan")
    upgrade(ADDS)
    before = schema_of(people.app)
    started = begin()
    said = f"The database is of a newer version ({ADDS}), which this code can use. Update the code soon.\n"
    assert capsys.readouterr().err == said
    assert schema_of(started) == before
    with started.app_context():
        assert db.session.scalars(select(User.username)).all() == ["susan"]


def test_it_is_refused_where_something_that_it_needs_may_be_gone(
    app: Flask, upgrade: Upgrade, begin: Callable[[], Flask]
) -> None:
    upgrade(TAKES_AWAY)
    before = schema_of(app)
    with pytest.raises(StartError) as refused:
        begin()
    assert str(refused.value) == (
        f"The database cannot be used: it is of a newer version ({TAKES_AWAY}) than this code ({NEWEST}). "
        "Update the code first."
    )
    assert schema_of(app) == before


def test_its_server_serves_on_such_a_schema(database: Database, upgrade: Upgrade, tmp_path: Path) -> None:
    upgrade(ADDS)
    with running(tmp_path, DATABASE_URL=database.url, SECRET_KEY=SECRET_KEY) as server:
        assert server.first_admin_path() is not None
        assert f"({ADDS})" in server.output
        assert "Traceback" not in server.output


@pytest.mark.parametrize(
    ("revision", "newest_here", "may"),
    [
        ("0008_since_0007", "0007", True),
        ("0011_since_0007", "0009_since_0007", True),
        ("0011_since_0009", "0009_since_0007", True),
        ("0011_since_0010", "0009_since_0007", False),
        ("0008_since_0007", "0006", False),
        ("0007_since_0006", "0008_since_0007", False),  # another 0007 than ours
        ("0008_since_0007", "0008_since_0006", False),
        ("zzzz", "0007", False),
        ("0008", "0007", False),
        ("0008_since_0007_and_more", "0007", False),
    ],
)
def test_the_name_says_which_code_may(revision: str, newest_here: str, *, may: bool) -> None:
    assert may_be_used(revision, newest_here) is may


def test_each_migration_says_it() -> None:
    """What one version takes away stays away: the oldest code never gets older."""
    revisions = [one.revision for one in ScriptDirectory(str(ROOT / "migrations")).walk_revisions()][::-1]
    assert [one[:4] for one in revisions] == [f"{number:04}" for number in range(1, len(revisions) + 1)]
    oldest = "0001"
    for revision in revisions[NAMED_FROM - 1 :]:
        named = re.fullmatch(r"(\d{4})_since_(\d{4})", revision)
        assert named is not None, f"{revision}: its name has to say which code may use it, as 0009_since_0008 does"
        assert oldest <= named[2] <= named[1]
        oldest = named[2]
