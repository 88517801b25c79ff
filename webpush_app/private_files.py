"""Files that only their owner may read (secret keys): made once even when many processes start together, and rewritten
so that whoever reads them, and whatever is killed meanwhile, finds the old text or the new one, whole."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OWNER_ONLY = 0o600


def read_or_create(path: Path, make: Callable[[], str]) -> str:
    """The file's text. A missing file is made; of several makers one wins, and all read the winner's text."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        _create_exclusively(path, make())
        return path.read_text(encoding="utf-8")


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """For those who read a file in order to rewrite it: one after the other."""
    path = path.resolve()
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, OWNER_ONLY)
    try:
        _give_to_owner_of(path, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # ends the lock, as the end of the process does


def rewrite(path: Path, text: str) -> None:
    """Within `alone_with(path)`. The file that is there goes on belonging to whom it belongs to."""
    path = path.resolve()  # where the name is a link, what it leads to
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)  # of somebody who was killed
    try:
        _write(draft, text, in_place_of=path)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path)


def is_readable_by_others(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)


def _create_exclusively(path: Path, text: str) -> None:
    # Written whole under another name first: a reader must never see a file that exists but is still empty.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write(draft, text)
        os.link(draft, path)  # fails where the name exists, and never replaces it
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(path)


def _write(draft: Path, text: str, in_place_of: Path | None = None) -> None:
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if in_place_of:
            _give_to_owner_of(in_place_of, descriptor)
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _give_to_owner_of(path: Path, descriptor: int) -> None:
    """A command may be run by root: the service must be able to read what it leaves."""
    owner = path.stat()
    if os.fstat(descriptor).st_uid != owner.st_uid:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _sync_folder(path: Path) -> None:
    """The name outlives a power cut only with its folder."""
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems refuse that, and keep the order by themselves
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
