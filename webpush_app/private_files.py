"""Files that only their owner may read (the secret key), made once even when many processes start together."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

OWNER_ONLY = 0o600


def read_or_create(path: Path, make: Callable[[], str]) -> str:
    """The file's text. A missing file is made; of several makers one wins, and all read the winner's text."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        _create_exclusively(path, make())
        return path.read_text(encoding="utf-8")


def is_readable_by_others(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)


def _create_exclusively(path: Path, text: str) -> None:
    # Written whole under another name first: a reader must never see a file that exists but is still empty.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)  # fails where the name exists, and never replaces it
    except FileExistsError:
        pass
    finally:
        draft.unlink()
