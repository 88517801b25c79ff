"""Rows that a statement is given, as one parameter, to be joined with: for lists that `among` is too narrow for.

Like there the statement is the same for three rows and for three hundred; and each is one look into an index, where
several lists of ids would be looked up in all their combinations.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, bindparam, column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import TypeDecorator, TypeEngine


class _Rows(TypeDecorator[Sequence[Sequence[Any]]]):
    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Sequence[Sequence[Any]] | None, _dialect: object) -> str:
        return json.dumps(list(value or ()))


class _Given(FunctionElement[Any]):
    inherit_cache = False

    def __init__(self, name: str, types: dict[str, TypeEngine[Any]]) -> None:
        super().__init__(bindparam(name, type_=_Rows()))
        self.types = types


def given_rows(name: str, /, **types: TypeEngine[Any]) -> TableValuedAlias:
    """Its columns, in the order in which each row lists their values; given under that name when it is executed."""
    return _Given(name, types).table_valued(*(column(each, of_type) for each, of_type in types.items()))


@compiles(_Given)
def _compile(element: _Given, compiler: SQLCompiler, **more: Any) -> str:
    given = compiler.process(element.clauses, **more)
    if compiler.dialect.name == "postgresql":
        types = {name: compiler.dialect.type_compiler_instance.process(one) for name, one in element.types.items()}
        columns = [f"CAST(value ->> {n} AS {of_type}) AS {name}" for n, (name, of_type) in enumerate(types.items())]
        rows = f"jsonb_array_elements(CAST({given} AS jsonb)) AS given (value)"
    else:
        columns = [f"json_extract(value, '$[{n}]') AS {name}" for n, name in enumerate(element.types)]
        rows = f"json_each({given})"
    return f"(SELECT {', '.join(columns)} FROM {rows})"  # noqa: S608 - names of our own and a placeholder
