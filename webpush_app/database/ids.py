"""`column IN (…)` for many ids, as one parameter: the statement is the same for three ids and for three hundred, so
that neither SQLAlchemy nor the database has to read it anew each time."""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, ColumnElement, Text, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import InternalTraversal
from sqlalchemy.types import TypeDecorator, TypeEngine


class _Ids(TypeDecorator[Sequence[int]]):
    """A list to PostgreSQL, and JSON to SQLite, which has no lists."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(BigInteger) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Sequence[int] | None, dialect: Dialect) -> Any:
        return list(value or ()) if dialect.name == "postgresql" else json.dumps(list(value or ()))


class among(ColumnElement[bool]):  # noqa: N801 - it is read as a word of SQL
    """`among(table.c.id, "ids")`: the ids are given when the statement is executed, under that name."""

    inherit_cache = True
    type = Boolean()
    _traverse_internals = [  # noqa: RUF012 - SQLAlchemy's own way to tell statements apart
        ("column", InternalTraversal.dp_clauseelement),
        ("ids", InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: Any, name: str) -> None:
        self.column = column
        self.ids = bindparam(name, type_=_Ids())

    def self_group(self, against: Any = None) -> "among":  # noqa: ARG002 - the signature is theirs
        """It is a condition already: with `= 1` behind it no index would be used."""
        return self


@compiles(among)
def _compile(element: among, compiler: SQLCompiler, **more: Any) -> str:
    column, ids = compiler.process(element.column, **more), compiler.process(element.ids, **more)
    if compiler.dialect.name == "postgresql":
        return f"{column} = ANY({ids})"
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608 - a column and a placeholder
