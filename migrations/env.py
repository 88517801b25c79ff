"""How migrations run. All of them in one transaction, also on SQLite: either the new schema is there, or the old one.

SQLite changes a table by making it anew, and dropping the old one would cascade into its children. So foreign keys are
off while it happens (before BEGIN: inside a transaction the pragma is ignored) and everything is checked afterwards.
"""

import sqlite3
from typing import Any, cast

from alembic import context
from sqlalchemy import Connection

from webpush_app.database import db
from webpush_app.database.base import UtcDateTime
from webpush_app.database.sqlite import BEGIN_MODE


def run() -> None:
    engine = db.engine
    options = {BEGIN_MODE: "IMMEDIATE"}
    with engine.connect().execution_options(**options) as connection:
        _switch_foreign_keys(connection, on=False)
        try:
            _migrate(connection)
        finally:
            _switch_foreign_keys(connection, on=True)


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=_render_item,
        transactional_ddl=True,
        compare_type=True,
        process_revision_directives=_drop_empty,
    )
    with connection.begin():
        context.run_migrations()
        _check_foreign_keys(connection)


def _switch_foreign_keys(connection: Connection, *, on: bool) -> None:
    if connection.dialect.name == "sqlite":
        raw = cast("sqlite3.Connection", connection.connection.dbapi_connection)
        raw.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def _check_foreign_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if orphans:
            raise RuntimeError(
                f"the migration leaves {len(orphans)} rows without the row they belong to: {orphans[:5]}"
            )


def _render_item(kind: str, item: Any, _context: Any) -> Any:
    """A migration must not import the application: what the types were then stays written down."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def _drop_empty(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """`flask db migrate` writes no file when nothing changed."""
    if directives and directives[0].upgrade_ops.is_empty():
        directives.clear()


run()
