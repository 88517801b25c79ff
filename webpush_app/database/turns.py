"""Who may write at the same time, and who has to be alone, until the end of the transaction.

SQLite has one writer at a time anyway; PostgreSQL is asked for a lock that is no row of any table.
"""

from webpush_app.database import postgresql
from webpush_app.database.session import db


def beside_others(name: str) -> None:
    """Waits for who is alone under that name, and for nobody else."""
    postgresql.take_turn(db.session.connection(), name, alone=False)


def alone(name: str) -> None:
    """What is read after this is what everybody before has committed, and nobody else changes it until the commit."""
    postgresql.take_turn(db.session.connection(), name, alone=True)
