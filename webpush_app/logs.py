"""How a line of the log is written: for people and for programs alike, and with nothing private in it.

An endpoint lets whoever has it send to that browser, and what people write is their own. Both get into the words of
errors that others raise (the address that could not be reached, the value that did not fit), so the words of an error
are shown only where they are known to hold no values; its kind and the lines of code that led to it are always there.
"""

import copy
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from webpush_app.errors import AppError

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_LEFT_OUT = "(its words are left out: they may hold what is private)"

# Raised by Python itself, with words about code.
_ABOUT_CODE = (TypeError, AttributeError, NameError, ImportError, RecursionError, MemoryError, NotImplementedError)
# Whose own errors speak of names in code, of the network or of files, and never of what was sent.
_TRUSTED = ("webpush_app", "sqlite3", "ssl", "socket", "jinja2", "werkzeug")
# PostgreSQL's class of errors about values ("invalid input syntax for …"), which it repeats.
_DATA_ERRORS = "22"

_PATH = re.compile(r"(https?://[^\s/?#\"'<>]+)[/?#][^\s\"'<>]+", re.IGNORECASE)
# Long, and letters of both sizes mixed with figures: no word and no name in code is like that; keys and tokens are.
_TOKEN = re.compile(r"(?=[\w%~+-]*[A-Z])(?=[\w%~+-]*[a-z])(?=[\w%~+-]*[0-9])[\w%~+-]{20,}={0,2}", re.ASCII)
_PLAIN = re.compile(r"[\w.:/@<>+-]+", re.ASCII)

log = logging.getLogger(__name__)
_known: set[str] = set()


def line(event: str, /, **facts: object) -> str:
    """`event key=value key="two words"`: one line, whatever the values are."""
    return " ".join((event, *(f"{name}={_value(fact)}" for name, fact in facts.items())))


def never_show(*secrets: str | None) -> None:
    """These exact texts are hidden wherever they might turn up."""
    _known.update(secret for secret in secrets if secret)


def set_up() -> None:
    """For a process of ours: its log goes to the standard error, and so does what ends it or one of its threads."""
    handler = logging.StreamHandler()
    handler.setFormatter(QuietFormatter(FORMAT))
    logging.basicConfig(handlers=[handler])
    sys.excepthook = _process_ends
    threading.excepthook = _thread_ends


def hide(text: str) -> str:
    """Paths of addresses, and whatever looks like a key or a token."""
    for secret in _known:
        text = text.replace(secret, "…")
    return _TOKEN.sub("…", _PATH.sub(r"\1/…", text))


class QuietFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        # Another formatter may have left its own text of the error there, and would take ours.
        own = copy.copy(record)
        own.exc_text = None
        return hide(super().format(own))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's own name
        return "".join(_told(ei[1])).rstrip("\n") if ei[1] is not None else ""


def _told(error: BaseException, told: frozenset[int] = frozenset()) -> Iterator[str]:
    """As Python tells it: what came first stands first."""
    told |= {id(error)}
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in told:
        yield from _told(before, told)
        yield "\nand then:\n\n"
    yield "Traceback (most recent call last):\n"
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}: {_words(error)}\n".removeprefix("builtins.")


def _words(error: BaseException) -> str:
    package = type(error).__module__.partition(".")[0]
    if isinstance(error, AppError):  # its words are for whoever asked, and may repeat what they typed
        return error.code
    if package == "sqlalchemy":
        return _of_a_statement(error)
    if package == "psycopg":
        return _of_postgresql(error)
    if package == "builtins" and isinstance(error, OSError) and error.strerror:
        return f"[Errno {error.errno}] {error.strerror}: {error.filename}"
    is_safe = package in _TRUSTED or (package == "builtins" and isinstance(error, _ABOUT_CODE))
    return _first_line(error) if is_safe else _LEFT_OUT


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def _of_a_statement(error: Any) -> str:
    """Its values stand apart from the statement, and are left out; the driver's own error has rules of its own."""
    origin, statement = getattr(error, "orig", None), getattr(error, "statement", None)
    if origin is None and statement is None:
        return _first_line(error)
    about = _words(origin) if isinstance(origin, BaseException) else _LEFT_OUT
    return f"{type(origin).__name__}: {about} [SQL: {statement}]"


def _of_postgresql(error: Any) -> str:
    """Its DETAIL repeats whole rows, so the first line alone."""
    said, number = error.diag.message_primary, error.sqlstate or ""
    if said is None:
        return _first_line(error)
    return f"{number} {_LEFT_OUT if number.startswith(_DATA_ERRORS) else said}"


def _value(fact: object) -> str:
    text = str(fact)
    if _PLAIN.fullmatch(text):
        return text
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _process_ends(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical(line("process_ends"), exc_info=(kind, error, trace))


def _thread_ends(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and not issubclass(ended.exc_type, SystemExit):
        name = ended.thread.name if ended.thread else "unknown"
        log.critical(line("thread_ends", thread=name), exc_info=(ended.exc_type, ended.exc_value, ended.exc_traceback))
