"""`instance/vapid_private_key`: the keys that browsers subscribed with, one a line, newest first.

A running process looks at each use whether the file is still the one that it has read; that costs a few microseconds,
and so nobody has to be restarted after a rotation.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from webpush_app import private_files
from webpush_app.errors import StartError
from webpush_app.protocol import vapid_key_lists
from webpush_app.protocol.vapid_keys import BadKey, VapidKey

Version = tuple[int, ...]
MISSING: Version = ()


def version(path: str | Path) -> Version:
    """Another as soon as the file is replaced or written to."""
    try:
        found = os.stat(path)  # noqa: PTH116 - at each use of a key: a text is looked up in half the time
    except OSError:
        return MISSING
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def read(path: Path, make: Callable[[], VapidKey] | None = None) -> tuple[VapidKey, ...]:
    """A missing file is made where that is allowed, with one key in it."""
    try:
        if make is None:
            text = path.read_text(encoding="utf-8")
        else:
            text = private_files.read_or_create(path, lambda: vapid_key_lists.write_keys([make()]))
        return vapid_key_lists.read_keys(text)
    except OSError as error:
        raise StartError(f"{path}: {error.strerror}. Mend it, or put back the file from your backup.") from None
    except (BadKey, UnicodeDecodeError) as error:
        raise StartError(f"{_what_is_wrong(path, error)} {_WHAT_TO_DO}") from None


@contextmanager
def changing(path: Path) -> Iterator[tuple[VapidKey, ...]]:
    """The keys as they stand, and stay until the end of this: other commands wait."""
    with ExitStack() as alone:
        with _in_one_line(path):
            alone.enter_context(private_files.alone_with(path))
        yield read(path)


def write(path: Path, keys: Sequence[VapidKey]) -> None:
    """Within `changing(path)`."""
    with _in_one_line(path):
        private_files.rewrite(path, vapid_key_lists.write_keys(keys))


@contextmanager
def _in_one_line(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StartError(
            f"{error.filename or path}: {error.strerror}. The keys are as they were. "
            "Run this again as the owner of the file, where it can be written."
        ) from None


_WHAT_TO_DO = (
    "Put back the file from your backup: with another key every browser that is subscribed with this one would be lost."
)


def _what_is_wrong(path: Path, error: BadKey | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"The VAPID key in {path} must be text."
    where = path if error.line is None else f"line {error.line} of {path}"
    return f"The VAPID key in {where} {error}"
