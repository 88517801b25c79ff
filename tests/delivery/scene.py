"""John has written to Susan: what an admin is told about the push."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tests.delivery.happenings import Happenings
from webpush_app.delivery import searching
from webpush_app.delivery.trail import Line, PersonsTrail, Trail


class Clock(Protocol):
    """The one that stands until a test moves it."""

    moment: datetime

    def advance(self, seconds: float) -> None: ...


@dataclass(frozen=True)
class Scene:
    happenings: Happenings
    clock: Clock
    john: int
    susan: int

    def message(self) -> int:
        """Its number."""
        return self.happenings.message(self.john, self.susan)

    def push(self) -> int:
        """About a message to one browser of hers; the push's number."""
        self.happenings.browser(self.susan)
        [push] = self.happenings.pushes("message", self.message())
        return push.id

    def search(self, typed: str, **options: int) -> Trail | PersonsTrail:
        with self.happenings.app.test_request_context():
            return searching.search(typed, **options)

    def trail(self, typed: str = "1") -> Trail:
        found = self.search(typed)
        assert isinstance(found, Trail)
        return found

    def line(self, typed: str = "1") -> Line:
        [line] = self.trail(typed).lines
        return line

    def outcome(self) -> str:
        return self.line().outcome

    def at(self, seconds: float) -> str:
        return f"{self.clock.moment + timedelta(seconds=seconds):%H:%M:%S} UTC"
