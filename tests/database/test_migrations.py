"""Migrations: they make what the models say, all or nothing, and never cost a row."""

import fcntl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy.exc import DatabaseError

from tests.conftest import settings_in
from tests.database.revisions import Migrations, config, count_rows, schema, tables_with_lasting_ids
from tests.people import People
from tests.server.running import environment
from webpush_app import start
from webpush_app.config import ROOT
from webpush_app.database import db
from webpush_app.factory import create_app

PREPARE = "from webpush_app import config, start; start.prepare(config.load())"


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
    with lived_in.app_context():
        before = schema()
        command.downgrade(config(), "base")
        assert {name for name, _sql in schema()} <= {
            "alembic_version",
            "sqlite_autoindex_alembic_version_1",
            "sqlite_sequence",
        }
        command.upgrade(config(), "head")
        assert schema() == before


def test_the_last_migration_undone_and_done_again_keeps_every_row(lived_in: Flask) -> None:
    with lived_in.app_context():
        before = schema(), count_rows(), tables_with_lasting_ids()
        command.downgrade(config(), "-1")
        assert schema() != before[0]
        assert tables_with_lasting_ids() == before[2]
        command.upgrade(config(), "head")
        assert (count_rows(), tables_with_lasting_ids()) == before[1:]


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
    lived_in: Flask, migrations: Migrations, failure: str, kind: type[Exception]
) -> None:
    migrations.add(f"""
        op.create_table("half", sa.Column("id", sa.Integer(), primary_key=True))
        op.execute("DELETE FROM messages")
        with op.batch_alter_table("users", recreate="always") as users:
            users.drop_column("about_me")
        {failure}
    """)
    with lived_in.app_context():
        before = schema(), count_rows()
        with pytest.raises(kind):
            command.upgrade(migrations.config, "head")
        assert (schema(), count_rows()) == before
        assert _query("PRAGMA foreign_keys") == [1]


def test_from_nothing_it_is_all_or_nothing_too(tmp_path: Path, migrations: Migrations) -> None:
    migrations.add("raise ValueError('this is wrong')")
    app = create_app(settings_in(tmp_path))
    with app.app_context():
        with pytest.raises(ValueError, match="this is wrong"):
            command.upgrade(migrations.config, "head")
        assert _query("SELECT name FROM sqlite_master") == []
        db.engine.dispose()


def test_a_migration_that_leaves_orphans_fails(lived_in: Flask, migrations: Migrations) -> None:
    migrations.add("""op.execute("DELETE FROM users WHERE username = 'susan'")""")
    with lived_in.app_context():
        before = schema(), count_rows()
        with pytest.raises(RuntimeError, match="left without the row they belong to"):
            command.upgrade(migrations.config, "head")
        assert (schema(), count_rows()) == before
        assert _query("PRAGMA foreign_keys") == [1]


def test_who_prepares_waits_for_who_does_it_already(tmp_path: Path) -> None:
    def prepare() -> None:
        app = start.prepare(settings_in(tmp_path))
        with app.app_context():
            db.engine.dispose()

    second = threading.Thread(target=prepare)
    with (tmp_path / ".start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second.start()
        second.join(timeout=0.3)
        assert second.is_alive()
        assert not (tmp_path / "webpush.sqlite3").exists()
    second.join(timeout=30)
    assert (tmp_path / "webpush.sqlite3").exists()


def test_eight_that_start_together_prepare_one_database(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    preparing = [
        subprocess.Popen(
            [sys.executable, "-c", PREPARE],
            cwd=ROOT,
            env=environment(folder, 5000),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(8)
    ]
    said = [process.communicate(timeout=60)[0] for process in preparing]
    assert said == [""] * 8
    assert [process.returncode for process in preparing] == [0] * 8
    app = create_app(settings_in(folder))
    with app.app_context():
        assert len(_query("SELECT version_num FROM alembic_version")) == 1
        db.engine.dispose()


def _query(statement: str) -> list[object]:
    with db.engine.connect() as connection:
        return list(connection.exec_driver_sql(statement).scalars())
