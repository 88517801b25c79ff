"""Somebody who writes to people with open pages, and waits until the page has heard of it."""

import secrets
import time
from collections import Counter

from soak.pages import Pages
from soak.person import Person, expect
from tests.server.visitors import Answer
from webpush_app.messaging.service import UNREAD_MESSAGE_COUNT

_RESTED_SECONDS = 5.0  # the server ends a connection that rests for 15


class Correspondent:
    """The only one who writes to these pages, whose people never read: so each message makes a count of its own."""

    def __init__(self, person: Person, pages: Pages) -> None:
        self.waited: list[float] = []
        """Seconds, for every answer."""
        self._person = person
        self._pages = pages
        self._rested_since = 0.0
        self._written: Counter[int] = Counter()

    def write_to(self, page: int) -> float:
        """The moment before the request; when it is over the message is stored."""
        path = f"/send_message/{self._pages.people[page].name}"
        if time.monotonic() > self._rested_since + _RESTED_SECONDS:
            self._person.visitor.connection.close()
        began = time.monotonic()
        fields = self._person.form(path)
        sent = self._note(began)
        expect(self._person.visitor.post(path, **fields, message=f"Hello, {secrets.token_hex(4)}"), 302)
        self._note(sent)
        self._written[page] += 1
        return sent

    def time_message_to(self, page: int, most_seconds: float) -> float:
        """Seconds from before the request until the page hears of it."""
        before = len(self._pages.heard[page])
        began, count = self.write_to(page), self._written[page]
        found: list[float] = []

        def look() -> bool:
            news = self._pages.heard[page][before:]
            found.extend(one.at for one in news if one.name == UNREAD_MESSAGE_COUNT and one.data == count)
            return bool(found)

        return found[0] - began if self._pages.wait_until(look, most_seconds) else most_seconds

    def read(self, page: int) -> Answer:
        """The conversation with that one."""
        began = time.monotonic()
        answer = expect(self._person.visitor.get(f"/messages/with/{self._pages.people[page].name}"), 200)
        self._note(began)
        return answer

    def _note(self, began: float) -> float:
        self._rested_since = time.monotonic()
        self.waited.append(self._rested_since - began)
        return self._rested_since
