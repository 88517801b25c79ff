"""Migrations: they make what the models say, all or nothing, and never cost a row."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy.exc import DatabaseError

from tests.chosen import SQLITE
from tests.database.revisions import Migrations, config, count_rows, of_its_own, schema, tables_with_lasting_ids
from tests.databases import Database, settings_in
from tests.people import People
from webpush_app.config import ROOT
from webpush_app.database import db
from webpush_app.factory import create_app

REVISIONS = [one.revision for one in ScriptDirectory(str(ROOT / "migrations")).walk_revisions()][::-1]
# What the tool itself leaves behind.
OF_ALEMBIC = {"alembic_version", "sqlite_autoindex_alembic_version_1", "sqlite_sequence"}
OF_ALEMBIC |= {"alembic_version.version_num", "alembic_version_pkc", "alembic_version_version_num_not_null"}


@pytest.fixture
def database(database: Database, request: pytest.FixtureRequest) -> Database:
    return of_its_own(database, request)


@pytest.fixture
def lived_in(app: Flask, people: People) -> Flask:
    """A database with rows that belong to other rows."""
    susan, john = people.browser("susan"), people.browser("john")
    people.write(susan.user_id, john.user_id, "one", "two")
    people.write(john.user_id, susan.user_id, "three")
    return app


def test_the_migrations_make_what_the_models_say(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


def test_the_commands_find_nothing_to_do(app: Flask, migrations: Migrations) -> None:
    before = sorted(migrations.folder.rglob("*.py"))
    for name in ("check", "migrate"):
        done = app.test_cli_runner().invoke(args=["db", name, "-d", str(migrations.folder)])
        assert (done.exit_code, done.exception) == (0, None), done.output
    assert sorted(migrations.folder.rglob("*.py")) == before


def test_the_check_finds_what_is_missing(app: Flask, migrations: Migrations) -> None:
    migrations.add("""op.drop_table("site_facts")""")
    with app.app_context():
        command.upgrade(migrations.config, "head")
    done = app.test_cli_runner().invoke(args=["db", "check", "-d", str(migrations.folder)])
    assert done.exit_code == 1
    assert done.exception is not None


@pytest.mark.sqlite_only("PostgreSQL reuses no id anyway")
def test_ids_are_never_reused_where_the_models_say_so(app: Flask, tmp_path: Path) -> None:
    made = create_app(settings_in(tmp_path, database_url=f"sqlite:///{tmp_path / 'made.sqlite3'}"))
    with made.app_context():
        db.metadata.create_all(db.engine)
        by_models = tables_with_lasting_ids()
        db.engine.dispose()
    assert {"users", "messages"} <= by_models
    with app.app_context():
        assert tables_with_lasting_ids() == by_models


def test_all_the_way_down_and_up_again_is_where_it_began(lived_in: Flask) -> None:
    """Step by step; after each step down, one up and down again leads to the same place."""
    with lived_in.app_context():
        after = {REVISIONS[-1]: schema()}
        for lower in [*REVISIONS[-2::-1], "base"]:
            command.downgrade(config(), lower)
            after[lower] = schema()
            command.upgrade(config(), "+1")
            assert list(after.values())[-2] == schema()
            command.downgrade(config(), lower)
            assert schema() == after[lower]
        assert {name for name, _text in after["base"]} <= OF_ALEMBIC
        command.upgrade(config(), "head")
        assert schema() == after[REVISIONS[-1]]


@pytest.mark.sqlite_only("PostgreSQL never gives an id twice")
def test_the_last_migration_undone_and_done_again_keeps_every_row(lived_in: Flask) -> None:
    with lived_in.app_context():
        before = schema(), count_rows(), tables_with_lasting_ids()
        command.downgrade(config(), "-1")
        assert schema() != before[0]
        assert tables_with_lasting_ids() == before[2] & set(count_rows())
        command.upgrade(config(), "head")
        assert (count_rows(), tables_with_lasting_ids()) == before[1:]


@pytest.mark.sqlite_only("PostgreSQL changes a table in its place")
def test_a_table_that_is_made_anew_keeps_the_rows_that_belong_to_it(lived_in: Flask, migrations: Migrations) -> None:
    migrations.add("""
        with op.batch_alter_table("users", recreate="always") as users:
            users.add_column(sa.Column("note", sa.Text()))
    """)
    with lived_in.app_context():
        before = count_rows()
        assert before["messages"] == 3
        assert before["login_sessions"] == 2
        command.upgrade(migrations.config, "head")
        assert count_rows() == before
        assert _query("SELECT note FROM users") == [None, None]
        assert _query("PRAGMA foreign_keys") == [1]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        ("raise ValueError('this is wrong')", ValueError),
        ("op.execute('INSERT INTO nowhere VALUES (1)')", DatabaseError),
    ],
    ids=["raises", "wrong statement"],
)
def test_a_migration_that_fails_leaves_everything_as_it_was(
    lived_in: Flask, database: Database, migrations: Migrations, failure: str, kind: type[Exception]
) -> None:
    migrations.add(f"""
        op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
        op.execute("DELETE FROM messages")
        with op.batch_alter_table("users", recreate="{"always" if database.kind == SQLITE else "never"}") as users:
            users.drop_column("about_me")
        {failure}
    """)
    with lived_in.app_context(), _foreign_keys_stay_on(database):
        before = schema(), count_rows()
        with pytest.raises(kind):
            command.upgrade(migrations.config, "head")
        assert (schema(), count_rows()) == before


def test_from_nothing_it_is_all_or_nothing_too(
    database: Database, tmp_path: Path, request: pytest.FixtureRequest, migrations: Migrations
) -> None:
    migrations.add("raise ValueError('this is wrong')")
    if database.kind == SQLITE:
        url, names = f"sqlite:///{tmp_path / 'empty.sqlite3'}", "SELECT name FROM sqlite_master"
    else:
        url, names = request.getfixturevalue("new_postgresql")(), "SELECT relname FROM pg_stat_user_tables"
    app = create_app(settings_in(tmp_path, database_url=url))
    with app.app_context():
        with pytest.raises(ValueError, match="this is wrong"):
            command.upgrade(migrations.config, "head")
        assert _query(names) == []
        db.engine.dispose()


@pytest.mark.sqlite_only("PostgreSQL's foreign keys cannot be turned off")
def test_a_migration_that_leaves_orphans_fails(lived_in: Flask, database: Database, migrations: Migrations) -> None:
    migrations.add("""op.execute("DELETE FROM users WHERE username = 'susan'")""")
    with lived_in.app_context(), _foreign_keys_stay_on(database):
        before = schema(), count_rows()
        with pytest.raises(RuntimeError, match="left without the row they belong to"):
            command.upgrade(migrations.config, "head")
        assert (schema(), count_rows()) == before


@contextmanager
def _foreign_keys_stay_on(database: Database) -> Iterator[None]:
    yield
    if database.kind == SQLITE:
        assert _query("PRAGMA foreign_keys") == [1]


def _query(statement: str) -> list[object]:
    with db.engine.connect() as connection:
        return list(connection.exec_driver_sql(statement).scalars())
