"""A clock that a test moves by hand, and hashes that are quick: people sign in here to see what becomes of browsers."""

import pytest
from argon2 import PasswordHasher

from tests.accounts.conftest import Hands
from tests.people import PASSWORD
from webpush_app import clock
from webpush_app.accounts import passwords


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    hands = Hands()
    monkeypatch.setattr(clock, "now", hands.now)
    return hands


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same argon2id with the least cost."""
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    monkeypatch.setattr(passwords, "_hash_of_nobody", quick.hash(""))


@pytest.fixture
def password_hash(_quick_hashes: None) -> str:
    return passwords.hash_password(PASSWORD)
