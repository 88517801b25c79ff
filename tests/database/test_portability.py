"""The same code runs on PostgreSQL: what is special about SQLite has its place, and every statement compiles."""

import ast
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from webpush_app.accounts import service as accounts
from webpush_app.accounts.models import User
from webpush_app.broadcasts import audiences
from webpush_app.broadcasts import service as broadcasts
from webpush_app.broadcasts.models import Broadcast
from webpush_app.config import ROOT
from webpush_app.database import db, upsert
from webpush_app.delivery import outbox
from webpush_app.messaging import service as messaging
from webpush_app.notifications import service as notifications
from webpush_app.subscriptions import service as subscriptions
from webpush_app.subscriptions import standing
from webpush_app.subscriptions.models import Off

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


@pytest.mark.parametrize(
    ("table", "name", "only"),
    [
        ("messages", "ix_messages_unread", "read_at IS NULL"),
        ("pushes", "ix_pushes_due", "due_at IS NOT NULL"),
        ("broadcasts", "ix_broadcasts_unfinished", "fanned_out_at IS NULL"),
    ],
)
def test_an_index_of_what_is_to_be_done_is_partial_there_too(table: str, name: str, only: str) -> None:
    found = next(index for index in db.metadata.tables[table].indexes if index.name == name)
    assert str(CreateIndex(found).compile(dialect=POSTGRESQL)).endswith(f"WHERE {only}")


class Answers:
    """What a database would say that has nothing in it, or the rows that it is given."""

    rowcount = 1

    def __init__(self, *rows: object) -> None:
        self.rows = rows

    def __iter__(self) -> Iterator[object]:
        return iter(self.rows)

    def all(self) -> list[object]:
        return list(self.rows)

    def one(self) -> None:
        return None

    def one_or_none(self) -> Any:
        return SimpleNamespace(id=1)

    def scalar_one(self) -> int:
        return 1


class Recorder:
    """Stands where the session stands, and writes down what it is asked, in PostgreSQL's dialect."""

    def __init__(self) -> None:
        self.statements: list[str] = []
        self.found: Iterator[object] = iter(())  # what single values are asked for, one after the other; then 3
        self.rows: tuple[object, ...] = ()

    def execute(self, statement: Any, *_values: Any, **_options: Any) -> Answers:
        self.statements.append(" ".join(str(statement.compile(dialect=POSTGRESQL)).split()))
        return Answers()

    def scalars(self, statement: Any, **_options: Any) -> Answers:
        self.execute(statement)
        return Answers(*self.rows)

    def scalar(self, statement: Any) -> object:
        self.execute(statement)
        return next(self.found, 3)

    def connection(self) -> "Recorder":
        return self

    def nothing(self, *_: object) -> None: ...

    add = flush = commit = rollback = nothing

    def check(self, *expected: list[str]) -> None:
        """Statements with these parts were asked for, in this order."""
        remaining = iter(self.statements)
        for parts in expected:
            pattern = re.compile(".*".join(map(re.escape, parts)))
            assert any(pattern.search(statement) for statement in remaining), (parts, self.statements)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    modules = (messaging, notifications, accounts, upsert, outbox, subscriptions, standing, audiences, broadcasts)
    for module in modules:
        monkeypatch.setattr(module, "db", SimpleNamespace(session=made, engine=SimpleNamespace(dialect=POSTGRESQL)))
        for name in ("begin_write", "after_commit"):
            monkeypatch.setattr(module, name, made.nothing, raising=False)
    return made


SUSAN, JOHN = User(id=1, username="susan"), User(id=2, username="john")
TICK = ["INSERT INTO notification_clocks", "ON CONFLICT (user_id) DO UPDATE SET ticked_at = CASE WHEN", "RETURNING"]
REPLACE = [
    "INSERT INTO notifications",
    "ON CONFLICT (user_id, name) DO UPDATE SET payload_json = excluded",
    "RETURNING",
]
STORE = ["INSERT INTO messages", "ON CONFLICT (sender_id, sending_key) DO NOTHING RETURNING messages.id"]
MARK = ["UPDATE messages SET read_at=", "messages.read_at IS NULL", "RETURNING messages.id"]
COUNT = ["SELECT count(*) AS count_1 FROM messages WHERE", "messages.read_at IS NULL"]
ENQUEUE = ["INSERT INTO pushes (", "SELECT", "FROM push_subscriptions", "push_subscriptions.off_at IS NULL"]
TALLY = ["INSERT INTO push_tallies (", "kind, subject_id, state, number) VALUES"]
STILL_OURS = ["SELECT pushes.id", "pushes.lease_token =", "FOR UPDATE"]
CLAIM = ["UPDATE pushes SET", "WHERE pushes.id IN (SELECT pushes.id", "ORDER BY pushes.due_at, pushes.id LIMIT"]
CLAIM += ["FOR UPDATE SKIP LOCKED) RETURNING pushes.id, pushes.kind, pushes.subject_id"]
SIZES = ["SELECT push_subscriptions.user_id IS NOT NULL", "coalesce(users.locale, push_subscriptions.locale)"]
SIZES += ["LEFT OUTER JOIN users", "GROUP BY push_subscriptions.user_id IS NOT NULL, coalesce("]
LET_GO = ["UPDATE push_subscriptions SET off_at", "login_session_id IN", "login_session_id IS DISTINCT FROM"]
TOMORROW = datetime.now(UTC) + timedelta(days=1)


def enqueue_for_spanish() -> None:
    outbox.enqueue_for_many("broadcast", 1, audiences.browsers_of("language:es"), expires_at=TOMORROW)


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda: messaging.send_message(SUSAN, JOHN, "Hello!"), [TICK, STORE, COUNT, REPLACE, ENQUEUE]),
        (lambda: messaging.read_all(SUSAN), [TICK, MARK]),
        (lambda: messaging.read_conversation(SUSAN, JOHN), [TICK, MARK]),
        (lambda: messaging.list_received(1, 2, 20), [["ORDER BY messages.id DESC", "LIMIT", "OFFSET"]]),
        (lambda: messaging.list_sent(1, 2, 20), [["ORDER BY messages.id DESC", "LIMIT", "OFFSET"]]),
        (lambda: messaging.list_conversation(1, 2, 1, 20), [["UNION ALL", "ORDER BY messages.id DESC"]]),
        (lambda: notifications.list_since(1, 0), [["ORDER BY notifications.timestamp"]]),
        (lambda: accounts.list_people("50%_", 1, 20), [["LIKE", "ESCAPE '/'", "ORDER BY users.username_key"]]),
        (lambda: accounts.remember_fact("x", "y"), [["ON CONFLICT (name) DO UPDATE SET value ="]]),
        (lambda: accounts.forget_fact("x", "y"), [["DELETE FROM site_facts", "RETURNING site_facts.name"]]),
        (
            lambda: standing.turn_off([1], Off.GONE, claimed_at=TOMORROW),
            [["UPDATE push_subscriptions SET off_at"]],
        ),
        (lambda: subscriptions.let_go(None, [1], 1, 2), [LET_GO]),
        (audiences.list_audiences, [SIZES]),
        (enqueue_for_spanish, [[*ENQUEUE, "coalesce(users.locale, push_subscriptions.locale) ="], TALLY]),
        (lambda: outbox.read_tally("x", 1), [["sum(push_tallies.number)", "GROUP BY push_tallies.state"]]),
    ],
)
def test_postgresql_understands_the_main_statements(
    recorder: Recorder, act: Callable[[], object], expected: list[list[str]]
) -> None:
    act()
    recorder.check(*expected)


def test_postgresql_understands_a_step_of_a_broadcast(recorder: Recorder) -> None:
    row = Broadcast(id=1, audience="anonymous", cursor=0, last_subscription_id=9, expires_at=TOMORROW)
    recorder.found = iter([1, row, 9])
    assert broadcasts.fan_out_step()
    taken = ["SELECT broadcasts.id", "WHERE broadcasts.id =", "FOR UPDATE SKIP LOCKED"]
    newest = ["SELECT max(", "ORDER BY push_subscriptions.id", "LIMIT"]
    recorder.check(["broadcasts.fanned_out_at IS NULL"], taken, newest, ENQUEUE, TALLY)
    assert (row.cursor, row.fanned_out_at is not None) == (9, True)
