"""The first page of the lists that grow for ever: the messages received, and a conversation."""

from collections.abc import Callable
from pathlib import Path

from bench.figures import median, p95, show, tell, time_once
from bench.mailbox import opened
from bench.unread import MANY
from webpush_app.database import db
from webpush_app.messaging.models import Message
from webpush_app.messaging.service import list_conversation, list_received
from webpush_app.web.paging import Page

_SIZE = 20
_TIMES = 200


def measure(folder: Path) -> None:
    tell("listing: first pages")
    with opened(folder / f"mailbox-{MANY}", MANY) as mailbox:
        received = _time(lambda: list_received(mailbox.susan, 1, _SIZE))
        conversation = _time(lambda: list_conversation(mailbox.susan, mailbox.john, 1, _SIZE))
    how = f"page 1 of {_SIZE} messages, the service call alone; SQLite, median of {_TIMES}"
    show("list_received_ms", median(received), f"{MANY:,} messages received; {how}", p95=p95(received))
    both_ways = f"{MANY:,} messages one way, {MANY // 10:,} the other"
    show("list_conversation_ms", median(conversation), f"{both_ways}; {how}", p95=p95(conversation))


def _time(listed: Callable[[], Page[Message]]) -> list[float]:
    taken: list[float] = []
    for _ in range(_TIMES):
        db.session.remove()  # as at the beginning of a request: nothing is loaded yet
        taken.append(time_once(listed))
    page = listed()
    if len(page.items) != _SIZE or not page.has_next:
        raise AssertionError(f"a full page was expected, not {len(page.items)} messages")
    return taken
