"""Migrations that exist for one test: a copy of the real ones, with one more on top."""

import shutil
import textwrap
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import inspect

from tests.chosen import POSTGRESQL, SQLITE
from tests.databases import MIGRATED, Database
from webpush_app.config import ROOT
from webpush_app.database import db

ONE_MORE = '''"""one more

Revision ID: {revision}
"""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{head}"


def upgrade():
{body}


def downgrade():
    pass
'''


def of_its_own(database: Database, request: pytest.FixtureRequest) -> Database:
    """On PostgreSQL too one that nobody uses afterwards, where tables come and go."""
    if database.kind == SQLITE:
        return database
    return Database(POSTGRESQL, request.getfixturevalue("new_postgresql")(MIGRATED))


class Migrations:
    """The real migrations, copied, so that one more can be laid on top."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "migrations", folder, ignore=shutil.ignore_patterns("__pycache__"))

    def add(self, body: str, revision: str = "9999") -> None:
        """One more migration, by the lines of its `upgrade()`; `op` and `sa` are there."""
        head = ScriptDirectory(str(self.folder)).get_current_head()
        text = ONE_MORE.format(
            revision=revision, head=head, body=textwrap.indent(textwrap.dedent(body).strip(), "    ")
        )
        (self.folder / "versions" / f"{revision}_one_more.py").write_text(text, encoding="utf-8")

    @property
    def config(self) -> Config:
        return config(self.folder)


def config(folder: Path = ROOT / "migrations") -> Config:
    made: Config = current_app.extensions["migrate"].migrate.get_config(str(folder))
    return made


_SCHEMA = {
    "sqlite": "SELECT name, sql FROM sqlite_master ORDER BY name",
    "postgresql": """
        SELECT table_name || '.' || column_name,
               concat_ws(' ', data_type, character_maximum_length, is_nullable, column_default)
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL SELECT conname, conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT sequencename, data_type::text FROM pg_sequences WHERE schemaname = 'public'
        ORDER BY 1, 2
    """,
}


def schema() -> list[tuple[str, str]]:
    """Every table, index and constraint as the database remembers it, and the revision."""
    with db.engine.connect() as connection:
        made = connection.exec_driver_sql(_SCHEMA[connection.dialect.name]).all()
        revision = connection.exec_driver_sql("SELECT 'revision', version_num FROM alembic_version").all()
        return [(name, _without_order(text)) for name, text in [*made, *revision]]


def _without_order(statement: str | None) -> str:
    """A table that was made anew names its constraints in any order, and itself in quotes."""
    lines = (statement or "").replace('"', "").splitlines()
    return "\n".join(sorted(line.strip().rstrip(",") for line in lines))


def count_rows() -> dict[str, int]:
    with db.engine.connect() as connection:
        return {
            name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
            for name in db.metadata.tables
            if inspect(connection).has_table(name)
        }


def tables_with_lasting_ids() -> set[str]:
    query = "SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'"
    with db.engine.connect() as connection:
        return set(connection.exec_driver_sql(query).scalars())
