"""Wakes the web processes after a commit: they look what is new for whoever has sockets there.

Where there is a broker it tells those of all machines. Else, or while it is away, those of this machine are told: by a
named pipe in the instance folder for each of them (a datagram socket's path must be short, and few wait in it). They
are told ids and nothing else. Nobody waits for it, and nothing is lost: beside a pipe that is full a file says so, and
its process then looks at everything.
"""

import errno
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from flask import current_app

from webpush_app.accounts.sessions import session_ending
from webpush_app.broker import EXTENSION
from webpush_app.database import after_commit

FOLDER = "live"
PIPE, MISSED, SOCKETS = ".pipe", ".missed", ".sockets"
LISTENER = "webpush_live"  # among the app's extensions: this process, where it has sockets itself
LEFT_BEHIND_AFTER_SECONDS = 300.0  # one that is listened to is touched much more often

WAKE, EVERYBODY, CLOSE, CHECK = "wake", "everybody", "close", "check"
WHAT_WAS_MISSED = (EVERYBODY, CHECK)  # by whoever was not told for a while
_LONGEST_LINE = 512  # what is written at once is read at once, on every system
_MOST_PEOPLE = 500  # who wakes more of them wakes everybody


class Listener(Protocol):
    @property
    def pipe(self) -> Path | None: ...
    def hear(self, word: str, ids: Sequence[int]) -> None: ...


def wake(user_ids: Iterable[int]) -> None:
    """There is news for these people."""
    ids = sorted(set(user_ids))
    if len(ids) > _MOST_PEOPLE:
        wake_everybody()
    elif ids:
        _tell(WAKE, ids)


def wake_everybody() -> None:
    _tell(EVERYBODY)


def close_sessions(session_ids: Sequence[int]) -> None:
    """These sessions have ended: their sockets close."""
    if session_ids:
        _tell(CLOSE, session_ids)


def check_sessions() -> None:
    """Sessions may have ended of which nobody knows the ids: who has sockets looks which are left."""
    _tell(CHECK)


@dataclass(frozen=True)
class Wake:
    """`after_commit(Wake(user_id))`: equal ones are one, however often a person's state changes in a transaction."""

    user_id: int

    def __call__(self) -> None:
        wake([self.user_id])


def _let_sockets_go(_sender: Any, *, session_ids: Sequence[int], everything_of: int | None, but: int | None) -> None:  # noqa: ARG001 - the signal's names
    after_commit(partial(close_sessions, list(session_ids)))
    if everything_of is not None:
        after_commit(check_sessions)


session_ending.connect(_let_sockets_go)


def _tell(word: str, ids: Sequence[int] = ()) -> None:
    listener: Listener | None = current_app.extensions.get(LISTENER)
    if listener is not None:
        listener.hear(word, ids)
    lines = list(_lines(word, ids))
    own = listener.pipe if listener is not None else None
    folder = Path(current_app.instance_path) / FOLDER
    broker = current_app.extensions.get(EXTENSION)
    if broker is None:
        _tell_this_machine(folder, own, lines)
    else:
        for text in lines:
            broker.tell(text, partial(_tell_this_machine, folder, own, [text]))


def _tell_this_machine(folder: Path, own: Path | None, lines: Sequence[str]) -> None:
    for pipe in list_pipes(folder):
        if pipe != own:
            _write(pipe, [f"{text}\n".encode() for text in lines])


def list_pipes(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in os.listdir(folder) if name.endswith(PIPE)]  # noqa: PTH208 - names are all that is wanted
    except OSError:  # no web process has had a socket yet
        return []


def is_anybody_listening(instance_path: Path) -> bool:
    """Some web process of this machine that has had a socket."""
    return any(map(_is_listened_to, list_pipes(instance_path / FOLDER)))


def count_sockets(instance_path: Path, own: Path | None) -> int:
    """Of the other web processes of this machine, as each has said within the last second or two."""
    others = [pipe for pipe in list_pipes(instance_path / FOLDER) if pipe != own and _is_listened_to(pipe)]
    return sum(_read_number(pipe.with_suffix(SOCKETS)) for pipe in others)


def _is_listened_to(pipe: Path) -> bool:
    try:
        os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def _read_number(file: Path) -> int:
    try:
        return int(file.read_text(encoding="ascii"))
    except (OSError, ValueError):  # it has not said it yet
        return 0


def _lines(word: str, ids: Sequence[int]) -> Iterator[str]:
    text = word
    for one in map(str, ids):
        if len(text) + len(one) + 2 > _LONGEST_LINE:
            yield text
            text = word
        text = f"{text} {one}"
    yield text


def _write(pipe: Path, lines: Iterable[bytes]) -> None:
    try:
        end = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:
            remove_if_left_behind(pipe)
        return
    try:
        for line in lines:
            os.write(end, line)
    except BlockingIOError:
        with suppress(OSError):
            pipe.with_suffix(MISSED).touch()
    except OSError:  # its process ends just now
        pass
    finally:
        os.close(end)


def remove(pipe: Path) -> None:
    """With what stands beside it."""
    for file in (pipe, pipe.with_suffix(MISSED), pipe.with_suffix(SOCKETS)):
        file.unlink(missing_ok=True)


def remove_if_left_behind(pipe: Path) -> None:
    """Nobody listens here, and nobody has for long: it may also be another machine's, which is not seen from here."""
    with suppress(OSError):
        if time.time() - pipe.stat().st_mtime > LEFT_BEHIND_AFTER_SECONDS:
            remove(pipe)
