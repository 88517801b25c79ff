"""The same code runs on PostgreSQL: what is special about SQLite has its place, and every statement compiles."""

import ast
import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from webpush_app.accounts import service as accounts
from webpush_app.accounts.models import User
from webpush_app.config import ROOT
from webpush_app.database import db, upsert
from webpush_app.messaging import service as messaging
from webpush_app.messaging.models import Message
from webpush_app.notifications import service as notifications

POSTGRESQL: Any = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own
AT_HOME = {"webpush_app/database/sqlite.py"}
# Statements of SQLite's alone, and the execution options that only its engine understands.
FOREIGN_TEXT = re.compile(r"\b(PRAGMA|IMMEDIATE|DEFERRED|EXCLUSIVE|VACUUM|sqlite_begin|sqlite_patience_seconds)\b")
BEGINS_WRITES = "webpush_app/database/session.py"


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


def test_only_one_file_knows_the_sqlite_module() -> None:
    found = {name for name, tree in sources().items() if "sqlite3" in imported(tree)}
    assert found == AT_HOME


def test_only_they_speak_its_language() -> None:
    found = {
        (name, text)
        for name, tree in sources().items()
        for text in texts(tree)
        if FOREIGN_TEXT.search(text) and name not in AT_HOME | {BEGINS_WRITES}
    }
    assert found == set()


@pytest.mark.parametrize("table", db.metadata.sorted_tables, ids=str)
def test_postgresql_can_make_every_table(table: Any) -> None:
    made = str(CreateTable(table).compile(dialect=POSTGRESQL))
    assert "AUTOINCREMENT" not in made
    assert "DATETIME" not in made
    for column in table.columns:
        if "UtcDateTime" in repr(column.type):
            assert f"{column.name} TIMESTAMP WITH TIME ZONE" in made.replace('"', "")
    for index in table.indexes:
        assert str(CreateIndex(index).compile(dialect=POSTGRESQL)).startswith("CREATE ")


def test_the_index_of_unread_messages_is_partial_there_too() -> None:
    unread = next(index for index in Message.metadata.tables["messages"].indexes if index.name == "ix_messages_unread")
    assert str(CreateIndex(unread).compile(dialect=POSTGRESQL)).endswith("WHERE read_at IS NULL")


class Answers:
    """What a database would say that has nothing in it."""

    def all(self) -> list[object]:
        return []

    def one(self) -> None:
        return None

    def scalar_one(self) -> int:
        return 1


class Recorder:
    """Stands where the session stands, and writes down what it is asked, in PostgreSQL's dialect."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def execute(self, statement: Any, **_options: Any) -> Answers:
        self.statements.append(" ".join(str(statement.compile(dialect=POSTGRESQL)).split()))
        return Answers()

    scalars = execute

    def scalar(self, statement: Any) -> int:
        self.execute(statement)
        return 3

    def add(self, _row: object) -> None: ...

    def flush(self) -> None: ...


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    for module in (messaging, notifications, accounts, upsert):
        monkeypatch.setattr(module, "db", SimpleNamespace(session=made, engine=SimpleNamespace(dialect=POSTGRESQL)))
    return made


SUSAN, JOHN = User(id=1, username="susan"), User(id=2, username="john")
TICK = ["INSERT INTO notification_clocks", "ON CONFLICT (user_id) DO UPDATE SET ticked_at = CASE WHEN", "RETURNING"]
REPLACE = [
    "INSERT INTO notifications",
    "ON CONFLICT (user_id, name) DO UPDATE SET payload_json = excluded",
    "RETURNING",
]
MARK = ["UPDATE messages SET read_at=", "messages.read_at IS NULL", "RETURNING messages.id"]
COUNT = ["SELECT count(*) AS count_1 FROM messages WHERE", "messages.read_at IS NULL"]


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda: messaging.send_message(SUSAN, JOHN, "Hello!"), [TICK, COUNT, REPLACE]),
        (lambda: messaging.read_all(SUSAN), [TICK, MARK]),
        (lambda: messaging.read_conversation(SUSAN, JOHN), [TICK, MARK]),
        (lambda: messaging.list_received(1, 2, 20), [["ORDER BY messages.id DESC", "LIMIT", "OFFSET"]]),
        (lambda: messaging.list_sent(1, 2, 20), [["ORDER BY messages.id DESC", "LIMIT", "OFFSET"]]),
        (lambda: messaging.list_conversation(1, 2, 1, 20), [["UNION ALL", "ORDER BY messages.id DESC"]]),
        (lambda: notifications.list_since(1, 0), [["ORDER BY notifications.timestamp"]]),
        (lambda: accounts.list_people("50%_", 1, 20), [["LIKE", "ESCAPE '/'", "ORDER BY users.username_key"]]),
        (lambda: accounts.remember_fact("x", "y"), [["ON CONFLICT (name) DO UPDATE SET value ="]]),
        (lambda: accounts.forget_fact("x", "y"), [["DELETE FROM site_facts", "RETURNING site_facts.name"]]),
    ],
)
def test_postgresql_understands_the_main_statements(
    recorder: Recorder, act: Callable[[], object], expected: list[list[str]]
) -> None:
    act()
    remaining = iter(recorder.statements)
    for parts in expected:
        pattern = re.compile(".*".join(map(re.escape, parts)))
        assert any(pattern.search(statement) for statement in remaining), recorder.statements
