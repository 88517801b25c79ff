"""A clock that a test moves by hand, hashes that are quick, and a count of those that are computed."""

from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher

from tests.people import PASSWORD
from webpush_app import clock
from webpush_app.accounts import passwords


class Hands:
    """The hands of the clock: it stands still until a test moves it."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def now(self) -> datetime:
        return self.moment

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr(clock, "now", hands.now)
    return hands


@pytest.fixture
def real_cost() -> None:
    """For a test that asks for the cost of a hash itself."""


@pytest.fixture(autouse=True)
def _quick_hashes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same argon2id with the least cost: hundreds of people sign in here."""
    if "real_cost" not in request.fixturenames:
        quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
        monkeypatch.setattr(passwords, "_hasher", quick)
        monkeypatch.setattr(passwords, "_hash_of_nobody", quick.hash(""))


@pytest.fixture
def password_hash(_quick_hashes: None) -> str:
    return passwords.hash_password(PASSWORD)


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hash of each verification that was really computed."""
    hashes: list[str] = []
    verify = passwords._verify

    def note(password_hash: str, password: str) -> bool:
        hashes.append(password_hash)
        return verify(password_hash, password)

    monkeypatch.setattr(passwords, "_verify", note)
    return hashes
