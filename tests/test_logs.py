"""A line of the log is whole, readable by programs, and shows neither what people wrote nor what opens a door."""

import io
import logging
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
import requests
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from webpush_app import logs
from webpush_app.database import engine_options
from webpush_app.errors import NotFound
from webpush_app.protocol import vapid_keys

TEXT = "Dinner at eight, and tell nobody"


def written(say: Callable[[logging.Logger], None]) -> str:
    """What a logger with our formatter writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.QuietFormatter(logs.FORMAT))
    logger = logging.Logger("webpush_app.test")  # noqa: LOG001 - of this test alone
    logger.addHandler(handler)
    say(logger)
    return stream.getvalue()


def told(fail: Callable[[], object]) -> str:
    """The log of whoever calls this and is let down."""

    def say(logger: logging.Logger) -> None:
        try:
            fail()
        except Exception:
            logger.exception("failed")

    return written(say)


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise error

    return fail


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ({}, "began"),
        ({"kind": "host_down", "about": "fcm.googleapis.com"}, "began kind=host_down about=fcm.googleapis.com"),
        ({"said": "no way"}, 'began said="no way"'),
        ({"said": 'a "b" \\'}, 'began said="a \\"b\\" \\\\"'),
        ({"said": "one\ntwo\x1b[31m"}, 'began said="one two [31m"'),
        ({"said": "", "n": 3, "x": None}, 'began said="" n=3 x=None'),
        ({"said": "a=b"}, 'began said="a=b"'),
    ],
)
def test_a_line_is_one_line_of_keys_and_values(facts: dict[str, object], wanted: str) -> None:
    assert logs.line("began", **facts) == wanted


def test_what_failed_is_told_by_its_kind_and_its_place_without_its_words() -> None:
    shown = told(raising(ValueError(TEXT)))
    assert TEXT not in shown
    assert "ValueError: (its words are left out" in shown
    assert "test_logs.py" in shown
    assert "raise error" in shown


@pytest.mark.parametrize(
    "error",
    [
        KeyError(TEXT),
        RuntimeError(TEXT),
        AssertionError(TEXT),
        OSError(TEXT),
        requests.ConnectionError(f"Max retries exceeded with url: {TEXT}"),
        NotFound(TEXT),
        ExceptionGroup(TEXT, [ValueError(TEXT)]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_nor_are_those_of_any_other_error_that_may_hold_a_value(error: Exception) -> None:
    error.add_note(TEXT)
    shown = told(raising(error))
    assert TEXT not in shown
    assert (
        f"{type(error).__name__}: {'not_found' if isinstance(error, NotFound) else '(its words are left out'}" in shown
    )


def test_what_an_error_came_from_is_told_in_the_same_way() -> None:
    def fail() -> NoReturn:
        try:
            raising(KeyError(TEXT))()
        except KeyError as missing:
            raise ValueError(TEXT) from missing

    shown = told(fail)
    assert shown.index("KeyError") < shown.index("ValueError")
    assert TEXT not in shown


def test_two_errors_that_came_from_each_other_end() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert told(raising(first)).count("ValueError:") == 2


@pytest.mark.parametrize(
    ("fail", "words"),
    [
        (lambda: None + 1, "unsupported operand"),  # type: ignore[operator]
        (lambda: "".no_such_name, "no_such_name"),  # type: ignore[attr-defined]
        (lambda: open("/no/such/file"), "[Errno 2] No such file or directory: /no/such/file"),  # noqa: PTH123, SIM115
        (raising(vapid_keys.BadKey("must be a key.")), "must be a key."),
    ],
)
def test_words_about_code_and_files_are_shown(fail: Callable[[], object], words: str) -> None:
    assert words in told(fail)


def failing_statement(statement: str, **values: str) -> Callable[[], object]:
    def fail() -> None:
        engine = create_engine("sqlite://", hide_parameters=engine_options("sqlite:///x")["hide_parameters"])
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE letters (body TEXT UNIQUE NOT NULL)"))
            for _twice in range(2):
                connection.execute(text(statement), values)

    return fail


def test_a_statement_that_failed_is_told_without_its_values() -> None:
    shown = told(failing_statement("INSERT INTO letters VALUES (:body)", body=TEXT))
    assert TEXT not in shown
    assert "IntegrityError: UNIQUE constraint failed: letters.body" in shown
    assert "[SQL: INSERT INTO letters VALUES (?)]" in shown


def test_not_even_the_error_itself_knows_them() -> None:
    """Whoever prints it in another way shows nothing either."""
    with pytest.raises(IntegrityError) as failed:
        failing_statement("INSERT INTO letters VALUES (:body)", body=TEXT)()
    assert TEXT not in f"{failed.value} {failed.value!r}"


def test_nor_with_those_that_do_not_fit() -> None:
    assert TEXT not in told(failing_statement("INSERT INTO letters VALUES (:body)", body=(TEXT,)))  # type: ignore[arg-type]
    assert TEXT not in told(failing_statement("SELECT :other", body=TEXT))


def postgresql_error(number: str, primary: str | None, whole: str) -> Exception:
    """As psycopg raises it: its text is the server's whole answer, its `diag` the parts."""
    kind = type("NotNullViolation", (Exception,), {"__module__": "psycopg.errors"})
    error: Any = kind(whole)
    error.sqlstate, error.diag = number, SimpleNamespace(message_primary=primary)
    return IntegrityError("INSERT INTO letters VALUES (%s)", (TEXT,), error, hide_parameters=True)


@pytest.mark.parametrize(
    ("number", "primary", "shown"),
    [
        ("23502", 'null value in column "x"', 'null value in column "x"'),
        ("22P02", f'invalid input syntax for type integer: "{TEXT}"', "22P02 (its words are left out"),
        ("", None, "connection failed"),
    ],
)
def test_postgresqls_details_repeat_rows_and_are_left_out(number: str, primary: str | None, shown: str) -> None:
    whole = f"{primary or 'connection failed'}\nDETAIL:  Failing row contains (1, {TEXT})."
    said = told(raising(postgresql_error(number, primary, whole)))
    assert TEXT not in said
    assert shown in said
    assert "[SQL: INSERT INTO letters VALUES (%s)]" in said


def test_what_another_formatter_made_of_an_error_is_not_taken() -> None:
    def say(logger: logging.Logger) -> None:
        try:
            [].index(TEXT)  # type: ignore[arg-type]
        except ValueError:
            record = logger.makeRecord("x", logging.ERROR, "", 0, "failed", (), sys.exc_info())
        record.exc_text = TEXT
        logger.handle(record)
        assert record.exc_text == TEXT  # and it is left as it was

    shown = written(say)
    assert "ValueError" in shown
    assert TEXT not in shown
