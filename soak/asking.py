"""A program that asks the same of the API all the time, and notes every answer and how long it took."""

import http.client
import time
from dataclasses import dataclass, field

from tests.server.visitors import Visitor

_NOT_ANSWERED = 0


@dataclass(frozen=True)
class Answered:
    path: str
    status: int
    at: float
    """When it had been answered, by the clock that only goes forward."""
    seconds: float
    is_told_when: bool
    """It says when to come back."""

    @property
    def is_right(self) -> bool:
        return self.status in (200, 201)

    @property
    def is_kind(self) -> bool:
        """Not now, and when."""
        return self.status == 503 and self.is_told_when


@dataclass
class Program:
    visitor: Visitor
    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    answers: list[Answered] = field(default_factory=list)

    def ask(self) -> None:
        began = time.monotonic()
        try:
            answer = self.visitor.ask(self.method, self.path, self.body, self.headers)
            status, is_told_when = answer.status, answer.headers["Retry-After"] is not None
        except (OSError, http.client.HTTPException):
            self.visitor.connection.close()
            status, is_told_when = _NOT_ANSWERED, False
        now = time.monotonic()
        self.answers.append(Answered(self.path, status, now, now - began, is_told_when))
