"""Who may write at the same time, and who has to be alone, until the end of the transaction.

SQLite has one writer at a time anyway; PostgreSQL is asked for a lock that is no row of any table.
"""

from sqlalchemy import TextClause, text

from webpush_app.database.session import db

_BESIDE_OTHERS = text("SELECT pg_advisory_xact_lock_shared(hashtext(:name))")
_ALONE = text("SELECT pg_advisory_xact_lock(hashtext(:name))")


def beside_others(name: str) -> None:
    """Waits for who is alone under that name, and for nobody else."""
    _take(_BESIDE_OTHERS, name)


def alone(name: str) -> None:
    """What is read after this is what everybody before has committed, and nobody else changes it until the commit."""
    _take(_ALONE, name)


def _take(statement: TextClause, name: str) -> None:
    if db.engine.dialect.name == "postgresql":
        db.session.execute(statement, {"name": name})
