"""`INSERT … ON CONFLICT`, which SQLite and PostgreSQL both have, in the dialect of the database in use."""

from typing import Any

from sqlalchemy.dialects import postgresql, sqlite

from webpush_app.database.base import Base
from webpush_app.database.session import db


def insert_or_update(model: type[Base]) -> Any:
    """An insert that understands `on_conflict_do_update`; returned as Any because the two dialects share no type."""
    if db.engine.dialect.name == "postgresql":
        return postgresql.insert(model)
    return sqlite.insert(model)
