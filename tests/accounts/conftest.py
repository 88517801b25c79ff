"""A clock that a test moves by hand, and a count of the password hashes that are computed."""

from datetime import UTC, datetime, timedelta

import pytest

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
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hash of each verification that was really computed."""
    hashes: list[str] = []
    verify = passwords._verify

    def note(password_hash: str, password: str) -> bool:
        hashes.append(password_hash)
        return verify(password_hash, password)

    monkeypatch.setattr(passwords, "_verify", note)
    return hashes
