"""On which database the tests run.

`make test DATABASE=postgresql` (or `sqlite`) names one, and then everything uses it, every process that is started too.
Otherwise the tests of the packages run on both, and whatever starts the service or a browser runs on SQLite.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

SQLITE, POSTGRESQL = "sqlite", "postgresql"
BOTH = (SQLITE, POSTGRESQL)
CHOSEN = os.environ.get("DATABASE") or None
DATABASES = [CHOSEN] if CHOSEN else [*BOTH]

# A service has its database in its instance folder, or, where PostgreSQL is chosen, one that belongs to that folder.
_of_folders: dict[Path, str] = {}
_makers: list[Callable[[], str]] = []


def complaint() -> str | None:
    if CHOSEN is None or CHOSEN in BOTH:
        return None
    return f"DATABASE is {CHOSEN!r}, and must be {' or '.join(BOTH)}: make test DATABASE=postgresql"


def make_with(make: Callable[[], str]) -> None:
    """From now on a folder that is asked about for the first time gets a database of its own."""
    _makers[:] = [make]


def keep_in(folder: Path, url: str) -> None:
    """This one is the folder's."""
    _of_folders[folder] = url


def address_in(folder: Path) -> str:
    """Of the database of the service that has its keys in this folder."""
    if not _makers:
        return f"sqlite:///{folder / 'webpush.sqlite3'}"
    if folder not in _of_folders:
        _of_folders[folder] = _makers[0]()
    return _of_folders[folder]


def given_in(folder: Path) -> dict[str, str]:
    """The settings that lead there; SQLite in its own folder is found without."""
    return {"DATABASE_URL": address_in(folder)} if _makers else {}


def let_go(folder: Path) -> Iterator[str]:
    """The addresses of the databases of what lies in this folder, which ends."""
    for known in [known for known in _of_folders if known.is_relative_to(folder)]:
        yield _of_folders.pop(known)
