"""The same code runs on both databases: what is special about one of them has its place."""

import ast
import re
from collections.abc import Iterator

from webpush_app.config import ROOT

AT_HOME = {"webpush_app/database/sqlite.py", "webpush_app/database/postgresql.py"}
# Statements of one of them alone, and the execution options that only SQLite's engine understands.
FOREIGN_TEXT = re.compile(
    r"\b(PRAGMA|IMMEDIATE|DEFERRED|EXCLUSIVE|VACUUM|sqlite_begin|sqlite_patience_seconds|SET LOCAL|SHOW|pg_\w+)\b"
)


def sources() -> dict[str, ast.Module]:
    paths = [*(ROOT / "webpush_app").rglob("*.py"), ROOT / "migrations" / "env.py", ROOT / "app.py"]
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def texts(tree: ast.Module) -> Iterator[str]:
    """Every text in the code that is not a comment or the description of something."""
    described = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            yield node.value


def test_only_one_file_knows_a_driver() -> None:
    drivers = {"sqlite3", "psycopg"}
    found = {name for name, tree in sources().items() if drivers & set(imported(tree))}
    assert found == {"webpush_app/database/sqlite.py"}


def test_only_they_speak_its_language() -> None:
    found = {
        (name, text)
        for name, tree in sources().items()
        for text in texts(tree)
        if FOREIGN_TEXT.search(text) and name not in AT_HOME
    }
    assert found == set()
