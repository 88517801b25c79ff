"""`INSERT … ON CONFLICT`, which SQLite and PostgreSQL both have, in the dialect of the database in use."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy.dialects import postgresql, sqlite

from webpush_app.database.base import Base
from webpush_app.database.session import db

Row = TypeVar("Row", bound=Base)


def insert_or_update(model: type[Base]) -> Any:
    """An insert that understands `on_conflict_do_update`; returned as Any because the two dialects share no type."""
    if db.engine.dialect.name == "postgresql":
        return postgresql.insert(model)
    return sqlite.insert(model)


def insert_unless_there(model: type[Row], unique: Sequence[str], **values: Any) -> Row | None:
    """The new row; None where one with the same in the unique columns is there already.

    One statement: two of the same may be written in the same instant, and then one waits for the other.
    """
    statement = insert_or_update(model).values(**values).on_conflict_do_nothing(index_elements=unique)
    row: Row | None = db.session.scalars(statement.returning(model)).one_or_none()
    return row
