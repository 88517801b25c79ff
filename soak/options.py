"""How much of a proof is wanted. What is not said is the proof's own measure, with which its figures are published."""

import secrets
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    runs: int | None = None
    posts: int | None = None
    seconds: float | None = None
    browsers: int | None = None
    sockets: int | None = None
    database_url: str | None = None
    seed: int = field(default_factory=lambda: secrets.randbelow(2**32))

    @property
    def settings(self) -> dict[str, str]:
        """For the service's environment."""
        return {"DATABASE_URL": self.database_url} if self.database_url else {}

    @property
    def database(self) -> str:
        """Its kind, for the words beside a figure; the address may hold a password."""
        return "PostgreSQL" if (self.database_url or "").startswith("postgresql") else "SQLite"
