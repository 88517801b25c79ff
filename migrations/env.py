"""How migrations run. All of them in one transaction, also on SQLite: either the new schema is there, or the old one.

SQLite changes a table by making it anew, and dropping the old one would cascade into its children. So foreign keys are
off while it happens (before BEGIN: inside a transaction the pragma is ignored) and everything is checked afterwards.
"""

from typing import Any

from alembic import context
from sqlalchemy import Connection

from webpush_app.database import db
from webpush_app.database.base import UtcDateTime
from webpush_app.database.migrating import ENGINE
from webpush_app.database.postgresql import migrate_alone
from webpush_app.database.sqlite import WRITES, check_foreign_keys, without_foreign_keys


def run() -> None:
    engine = (context.config.attributes.get(ENGINE) or db.engine).execution_options(**WRITES)
    with engine.connect() as connection, without_foreign_keys(connection):
        _migrate(connection)


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
        migrate_alone(connection)
        context.run_migrations()
        check_foreign_keys(connection)


def _render_item(kind: str, item: Any, _context: Any) -> Any:
    """A migration must not import the application: what the types were then stays written down."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


def _drop_empty(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """`flask db migrate` writes no file when nothing changed. `flask db check` needs to be told so all the same."""
    is_to_be_written = getattr(context.config.cmd_opts, "autogenerate", False)
    if is_to_be_written and directives and directives[0].upgrade_ops.is_empty():
        directives.clear()


run()
