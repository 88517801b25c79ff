"""Passwords: hashed with argon2id, a few at a time, and never on the thread that answers everybody else."""

import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import lazy_gettext as _l
from gevent import get_hub, monkey

from webpush_app.errors import TemporarilyUnavailable

SHORTEST = 8
LONGEST = 200

# 46 MiB and two passes, one lane: twice the work OWASP asks for, and two at once leave room for everything else.
_hasher = PasswordHasher(time_cost=2, memory_cost=46 * 1024, parallelism=1)
# Of a password that nobody kept. It is written here, for to make one takes a good part of a start.
_hash_of_nobody = "$argon2id$v=19$m=47104,t=2,p=1$2Fw8anErXZWDrifDtps6gw$JT8uLAvvM0UUuUVpYddRYv84NA1VhXMdMy3mu/XA/kY"
_AT_ONCE = 2
_PATIENCE_SECONDS = 20.0
_places = BoundedSemaphore(_AT_ONCE)

Result = TypeVar("Result")


@contextmanager
def turn() -> Iterator[None]:
    """Stand in line for one of the few places, and for the memory that a hash takes."""
    if not _places.acquire(timeout=_PATIENCE_SECONDS):
        raise come_back()
    try:
        yield
    finally:
        _places.release()


def come_back() -> TemporarilyUnavailable:
    message = _l("Many people are signing in just now. Please try again in a moment.")
    return TemporarilyUnavailable(message, retry_after_seconds=5)


def hash_password(password: str) -> str:
    """Slow on purpose: call it before the transaction, and inside `turn()` where strangers can ask for it."""
    return _beside(lambda: _hasher.hash(_one_form(password)))


def is_right(password_hash: str | None, password: str) -> bool:
    """Takes as long for a person who does not exist (no hash) as for one who does."""
    return _beside(lambda: _verify(password_hash or _hash_of_nobody, _one_form(password))) and bool(password_hash)


def needs_rehash(password_hash: str) -> bool:
    return _hasher.check_needs_rehash(password_hash)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _beside(work: Callable[[], Result]) -> Result:
    """Under gevent in a real thread, so that the process goes on answering meanwhile."""
    if monkey.is_module_patched("threading"):
        result: Result = get_hub().threadpool.apply(work)
        return result
    return work()


def _one_form(password: str) -> str:
    """Two keyboards may send the same accented letter as different code points."""
    return unicodedata.normalize("NFKC", password)
