"""Several people write, each to somebody of their own who has a page open and a browser that is on. Of every message
that was acknowledged it is asked when the page's badge counted it, and when its push came."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from soak.ledger import Sent
from soak.pages import Pages
from soak.recording import Came
from soak.repeats import Verdict, judge
from tests.repeating import repeating
from webpush_app.messaging.service import UNREAD_MESSAGE_COUNT


class Author(Protocol):
    sent: list[Sent]

    def write_one(self) -> None: ...


@dataclass(frozen=True)
class Letter:
    text: str
    page: int
    number: int
    """How many that page has been sent by then; its reader reads none of them."""
    at: float
    """When it was acknowledged."""


@dataclass(frozen=True)
class Mail:
    """The first author writes to the first page, and so on."""

    authors: Sequence[Author]
    pages: Pages
    pause_seconds: float

    def being_written(self) -> AbstractContextManager[None]:
        """By each author for themselves, until the block ends."""
        return repeating([author.write_one for author in self.authors], self.pause_seconds)

    def letters(self, since: float) -> Sequence[Letter]:
        """Those that were acknowledged from that moment on."""
        return [letter for page in range(len(self.authors)) for letter in self._written_to(page) if letter.at >= since]

    def unanswered(self) -> int:
        return sum(not one.is_acknowledged for author in self.authors for one in author.sent)

    def counted_at(self, letter: Letter) -> float:
        heard = self.pages.heard[letter.page]
        counting = (one.at for one in heard if one.name == UNREAD_MESSAGE_COUNT and one.data >= letter.number)
        return next(counting, math.inf)

    def _written_to(self, page: int) -> Iterator[Letter]:
        moments = [(one.text, one.acknowledged_at) for one in self.authors[page].sent]
        known = [(text, at) for text, at in moments if at is not None]
        for number, (text, at) in enumerate(known, start=1):
            yield Letter(text, page, number, at)


@dataclass(frozen=True)
class Pushes:
    """What came for letters: by what it says, because a browser gets many of them."""

    first_at: dict[str, float]
    verdict: Verdict


def is_personal(came: Came) -> bool:
    return came.headers.get("urgency") == "high"


def pushes_for(letters: Iterable[Letter], came: Iterable[Came], opened: Callable[[Came], Any]) -> Pushes:
    contents: dict[int, Any] = {}
    renamed: list[Came] = []
    for one in filter(is_personal, came):
        content = opened(one)
        renamed.append(replace(one, endpoint="" if content is None else content["body"]))
        contents[id(renamed[-1])] = content
    wanted = {letter.text for letter in letters}
    ours = [one for one in renamed if one.endpoint in wanted or not one.endpoint]
    first_at = {one.endpoint: one.at for one in reversed(ours)}
    return Pushes(first_at, judge(wanted, ours, lambda one: contents[id(one)]))
