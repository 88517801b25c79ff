"""Of every message it is found out when its push came and when a badge counted it, and every way to lose one counts."""

import math
import subprocess
from typing import Any

from soak.ledger import Sent
from soak.mail import Letter, Mail, pushes_for
from soak.pages import Heard, Pages
from soak.recording import Came
from soak.residents import Resident
from webpush_app.messaging.service import UNREAD_MESSAGE_COUNT

LETTERS = [Letter("john says 0", 0, 1, 10.0), Letter("john says 1", 0, 2, 11.0)]


class Author:
    def __init__(self, *moments: float | None) -> None:
        self.sent = [Sent(f"john says {number}", acknowledged_at=at) for number, at in enumerate(moments)]

    def write_one(self) -> None:
        raise NotImplementedError


def came(text: str, at: float, topic: str = "a", urgency: str = "high") -> Came:
    return Came("https://push.example/susan", at, 201, {"urgency": urgency, "topic": topic}, text.encode())


def opened(one: Came) -> Any:
    return {"body": one.body.decode(), "tag": one.topic} if one.body else None


def mail(author: Author, *counts: tuple[int, float]) -> Mail:
    process = subprocess.Popen(["true"], text=True)
    process.wait()
    heard = [Heard(UNREAD_MESSAGE_COUNT, number, at, at) for number, at in counts]
    pages = Pages(process, [Resident(1, "susan", "")], heard=[heard])
    return Mail([author], pages, 0.1)


def test_each_message_is_found_by_what_its_push_says() -> None:
    found = pushes_for(
        LETTERS, [came("john says 0", 10.5), came("john says 1", 11.2), came("News", 9, "b", "normal")], opened
    )
    assert found.first_at == {"john says 0": 10.5, "john says 1": 11.2}
    assert (found.verdict.lost, found.verdict.repeated, found.verdict.strange) == (0, 0, 0)


def test_a_message_without_a_push_is_lost() -> None:
    assert pushes_for(LETTERS, [came("john says 1", 11.2)], opened).verdict.lost == 1


def test_a_push_that_comes_again_is_shown_twice_where_it_replaces_nothing() -> None:
    again = [came("john says 0", 10.5), came("john says 0", 12.0), came("john says 1", 11.2)]
    found = pushes_for(LETTERS, again, opened)
    assert (found.verdict.repeated, found.verdict.shown_twice, found.first_at["john says 0"]) == (1, 0, 10.5)
    again[1] = came("john says 0", 12.0, "other")
    assert pushes_for(LETTERS, again, opened).verdict.shown_twice == 1


def test_a_push_that_cannot_be_opened_is_counted() -> None:
    everything = [came("john says 0", 10.5), came("john says 1", 11.2), came("", 12)]
    assert pushes_for(LETTERS, everything, opened).verdict.unreadable == 1


def test_a_message_is_counted_by_the_first_badge_that_is_as_high() -> None:
    written = mail(Author(10.0, None, 11.0), (1, 10.1), (3, 11.4))
    first, second = written.letters(0)
    assert [written.counted_at(first), written.counted_at(second)] == [10.1, 11.4]
    assert written.unanswered() == 1
    assert written.letters(10.5) == [second]


def test_a_message_that_no_badge_counts_is_never_counted() -> None:
    written = mail(Author(10.0, 11.0), (1, 10.1))
    assert written.counted_at(written.letters(0)[1]) == math.inf
