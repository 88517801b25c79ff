"""Read many rows in one step.

Python's SQLite lets go of the interpreter for each row and takes it again: beside a thread that is busy, every row is
two changes of threads, which cost more than the row. As one JSON text all come at once.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Boolean, CompoundSelect, Select, func, select

from webpush_app.database.base import UtcDateTime, read_moment
from webpush_app.database.session import db


class InOneStep:
    """A statement that is built once and asked again and again. Each row is a sequence, in the order of the columns."""

    def __init__(self, statement: Select[Any] | CompoundSelect[Any]) -> None:
        self.statement = statement
        rows = statement.subquery()
        self._as_json = select(func.json_group_array(func.json_array(*rows.c)))
        self._moments = [index for index, column in enumerate(rows.c) if isinstance(column.type, UtcDateTime)]
        self._booleans = [index for index, column in enumerate(rows.c) if isinstance(column.type, Boolean)]

    def fetch(self, given: Mapping[str, Any]) -> Sequence[Sequence[Any]]:
        # Past the session's own `execute`, which is for statements that may write, and for those that make objects.
        connection = db.session.connection()
        if connection.dialect.name != "sqlite":
            return connection.execute(self.statement, given).all()
        rows: list[list[Any]] = json.loads(connection.execute(self._as_json, given).scalar_one())
        for index in self._moments:
            for row in rows:
                row[index] = read_moment(row[index])
        for index in self._booleans:
            for row in rows:
                row[index] = bool(row[index])
        return rows
