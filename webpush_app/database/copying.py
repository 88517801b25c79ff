"""Everything in one database into another one, of either kind: every row, and the ids that are never given again.

What is read is one moment of the source, whatever is written there meanwhile. What is written is one transaction of the
target, in which all of it is read again and compared: a copy that is cut off, or differs, leaves the target empty.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, func, insert, inspect, select, table
from sqlalchemy.exc import DBAPIError

from webpush_app.database import migrating, postgresql, sqlite
from webpush_app.database.session import db
from webpush_app.errors import StartError

BATCH = 1000


@dataclass
class Contents:
    """How many rows, and a digest of all of them as Python sees them; in which order they come does not matter, for
    each database has its own idea of the order of texts."""

    rows: int = 0
    digest: int = 0

    def add(self, rows: Sequence[Row[Any]]) -> None:
        self.rows += len(rows)
        for row in rows:
            seen = sha256(repr(tuple(row)).encode("utf-8", "surrogatepass"))
            self.digest = (self.digest + int.from_bytes(seen.digest())) % 2**256


@contextmanager
def one_moment(engine: Engine) -> Iterator[Connection]:
    """To read from: what the database holds now, for as long as it takes."""
    options = postgresql.ONE_MOMENT if engine.dialect.name == "postgresql" else {}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        postgresql.take_the_time_it_needs(connection)
        yield connection


@contextmanager
def all_or_nothing(engine: Engine) -> Iterator[Connection]:
    """To write to: nobody else writes meanwhile."""
    with engine.connect().execution_options(**sqlite.WRITES) as connection, connection.begin():
        postgresql.take_the_time_it_needs(connection)
        postgresql.keep_writers_out(connection, [each.name for each in db.metadata.sorted_tables])
        yield connection


def first_with_rows(connection: Connection) -> tuple[str, int] | None:
    """A table that is not empty, whosever it is, and the number of its rows."""
    for name in sorted(inspect(connection).get_table_names()):
        number = connection.scalar(select(func.count()).select_from(table(name)))
        if number and name != migrating.VERSION_TABLE:
            return name, number
    return None


def copy(source: Connection, target: Connection) -> Iterator[tuple[str, int]]:
    """Each table and the number of its rows, once it is there and compared. Both transactions are the caller's."""
    for each in db.metadata.sorted_tables:  # who is referred to goes first
        given = _copy(each, source, target)
        _give_later_ids(each, source, target)
        found = Contents()
        for rows in _batches(each, target):
            found.add(rows)
        if found != given:
            raise StartError(
                f"The copy of {each.name} is not like the original ({given.rows} rows, and {found.rows} there). "
                "Nothing was copied."
            )
        yield each.name, given.rows


def _copy(each: Table, source: Connection, target: Connection) -> Contents:
    given = Contents()
    for rows in _batches(each, source):
        given.add(rows)
        _insert(each, target, [dict(row._mapping) for row in rows])
    return given


def _batches(each: Table, connection: Connection) -> Iterator[Sequence[Row[Any]]]:
    """In the order of their ids, and never more than one batch in memory."""
    query = select(each).order_by(*each.primary_key.columns)
    with connection.execute(query, execution_options={"yield_per": BATCH}) as result:
        yield from result.partitions()


def _insert(each: Table, target: Connection, rows: Sequence[dict[str, Any]]) -> None:
    try:
        with target.begin_nested():
            target.execute(insert(each), rows)
    except DBAPIError as error:
        if len(rows) > 1:
            for row in rows:
                _insert(each, target, [row])
        # SQLite keeps what does not fit the column; what people wrote does not come into the message.
        ids = ", ".join(f"{column.name} {rows[0][column.key]}" for column in each.primary_key.columns)
        why = str(error.orig).splitlines()[0]
        raise StartError(f"A row of {each.name} cannot be kept there ({ids}): {why}. Nothing was copied.") from None


def _give_later_ids(each: Table, source: Connection, target: Connection) -> None:
    """Also where the newest rows are gone: something may still remember their ids."""
    column = each.autoincrement_column
    if column is None:
        return
    own = {"sqlite": sqlite, "postgresql": postgresql}
    given = own[source.dialect.name].last_id(source, each.name, column.name)
    newest = target.scalar(select(func.max(column))) or 0
    if max(given, newest):
        own[target.dialect.name].give_ids_after(target, each.name, column.name, max(given, newest))
