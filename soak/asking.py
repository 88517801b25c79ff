"""A program that asks the same of the API all the time, and notes every answer and how long it took."""

import http.client
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
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


@contextmanager
def asking(programs: Sequence[Program], pause_seconds: float) -> Iterator[None]:
    """Each in a thread of its own, until the block ends."""
    is_over = threading.Event()

    def ask(program: Program) -> None:
        while not is_over.wait(pause_seconds):
            program.ask()

    threads = [threading.Thread(target=ask, args=(program,)) for program in programs]
    with ExitStack() as stack:
        for thread in threads:
            stack.callback(thread.join)
            thread.start()
        stack.callback(is_over.set)
        yield
