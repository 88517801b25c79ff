"""Somebody with several windows: two tabs of one browser and a second browser, each over a line of its own."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.browser.windows import Person

_EVERY_MS = 50
_NUMBERS = """() => {
  const shown = (id) => {
    const badge = document.getElementById(id);
    return badge.hidden ? 0 : Number(badge.querySelector(".number").textContent);
  };
  const title = document.title.match(/^\\((\\d+)\\) /);
  return [shown("message_count"), shown("notification_count"), title ? Number(title[1]) : 0, window.isStillTheSamePage];
}"""


@dataclass(frozen=True)
class Counts:
    """What a page says: unread messages, unread items of the inbox, and the number in its title."""

    messages: int
    inbox: int
    title: int
    is_same_page: bool = True


@dataclass(frozen=True)
class Desk:
    """The pages of one person that have to agree."""

    pages: Sequence[Page]

    def mark(self) -> None:
        for page in self.pages:
            page.evaluate("window.isStillTheSamePage = true")

    def agree(self, messages: int, inbox: int | None = None, *, within_seconds: float) -> None:
        """Every page says these numbers, without having been loaded again."""
        unread = messages if inbox is None else inbox
        wanted = [Counts(messages, unread, unread)] * len(self.pages)
        deadline = time.monotonic() + within_seconds
        while (found := [counts(page) for page in self.pages]) != wanted:
            assert time.monotonic() < deadline, f"{found} and not {wanted[0]}"
            self.pages[0].wait_for_timeout(_EVERY_MS)


def counts(page: Page) -> Counts:
    messages, inbox, title, is_same = page.evaluate(_NUMBERS)
    return Counts(messages, inbox, title, bool(is_same))


def read_elsewhere(person: Person, sender: str) -> None:
    """As if a third device of theirs opened the conversation."""
    assert person.context.request.get(f"/messages/with/{sender}").status == 200
