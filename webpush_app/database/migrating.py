"""Bringing a database up to date by the migrations: this app's own, or another one that everything is copied to."""

import logging

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import Connection, Engine

ENGINE = "engine"  # among the attributes that `migrations/env.py` is given
VERSION_TABLE = "alembic_version"


def upgrade(engine: Engine | None = None) -> None:
    # Alembic reports every step it looks at; a start should say only what matters.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = _config()
    config.attributes[ENGINE] = engine
    # Alembic's own, because Flask-Migrate's ends the process in place of saying what is wrong.
    command.upgrade(config, "head")


def is_up_to_date(connection: Connection) -> bool:
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == newest


def _config() -> Config:
    config: Config = current_app.extensions["migrate"].migrate.get_config()
    return config
