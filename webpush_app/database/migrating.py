"""Bringing a database up to date by the migrations: this app's own, or another one that everything is copied to.

While an upgrade goes from machine to machine the code of the version before has to start on the new schema, should one
of its processes end just then. From 0008 on the name of a migration says which code may: after `0009_since_0007` all
whose newest one is 0007 or later. (docs/operate.md, section 4, has the rule.)
"""

import logging
import re

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from flask import current_app
from sqlalchemy import Connection, Engine

from webpush_app.database.session import db

ENGINE = "engine"  # among the attributes that `migrations/env.py` is given
VERSION_TABLE = "alembic_version"
_NAME = re.compile(r"(?P<number>\d{4})_since_(?P<oldest>\d{4})")


class NewerSchema(CommandError):
    """Of a version that this code does not know."""

    def __init__(self, revision: str, newest_here: str) -> None:
        super().__init__(
            f"it is of a newer version ({revision}) than this code ({newest_here}). Update the code first."
        )
        self.revision = revision
        self.may_be_used = may_be_used(revision, newest_here)


def may_be_used(revision: str, newest_here: str) -> bool:
    """A schema that is newer than this code, by what its name says."""
    named, number_here = _NAME.fullmatch(revision), newest_here[:4]
    return named is not None and named["oldest"] <= number_here < named["number"]


def upgrade(engine: Engine | None = None) -> None:
    # Alembic reports every step it looks at; a start should say only what matters.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = _config()
    config.attributes[ENGINE] = engine
    try:
        # Alembic's own, because Flask-Migrate's ends the process in place of saying what is wrong.
        command.upgrade(config, "head")
    except CommandError:
        with (engine or db.engine).connect() as connection:
            refuse_what_is_newer(connection)
        raise


def is_up_to_date(connection: Connection) -> bool:
    return _revision_of(connection) == _here().get_current_head()


def refuse_what_is_newer(connection: Connection) -> None:
    revision, here = _revision_of(connection), _here()
    known = {one.revision for one in here.walk_revisions()}
    if revision is not None and revision not in known:
        raise NewerSchema(revision, str(here.get_current_head()))


def _revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _here() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config: Config = current_app.extensions["migrate"].migrate.get_config()
    return config
