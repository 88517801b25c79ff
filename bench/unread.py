"""Counting unread messages, which every page does for its badge: ours against the tutorials' way, in one database."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bench.figures import median, p95, show, tell, time_calls
from bench.mailbox import BEGINNING, UNREAD, Mailbox, count_as_the_tutorials, index_people_too, opened
from webpush_app.database import db
from webpush_app.messaging.service import count_unread

MANY = 1_000_000
FEW = 1_000
_PEER = "tutorial: newer than last_message_read_time"

Count = Callable[[], int]


def measure(folder: Path) -> None:
    tell("unread: counting")
    with opened(folder / f"mailbox-{FEW}", FEW) as mailbox:
        few = [median(time_calls(count)) for count in _counts_of_susan(mailbox)]
    with opened(folder / f"mailbox-{MANY}", MANY) as mailbox:
        many = [median(time_calls(count)) for count in _counts_of_susan(mailbox)]
        _compare(mailbox, f"{_PEER}, index on timestamp")
        index_people_too()
        _compare(mailbox, f"{_PEER}, indexes on timestamp and recipient_id")
        many_indexed = median(time_calls(_counts_of_susan(mailbox)[1], most=20))
    show(
        "unread_count_growth",
        many[0] / few[0],
        f"time at {MANY:,} read messages / time at {FEW:,}, medians; 1 is no growth. Ours {few[0]:.3f} -> {many[0]:.3f} "
        f"ms; peer with its timestamp index {few[1]:.3f} -> {many[1]:.3f} ms, with both indexes {many_indexed:.1f} ms",
        peer=f"{_PEER}, index on timestamp",
        peer_value=many[1] / few[1],
    )


def _counts_of_susan(mailbox: Mailbox) -> tuple[Count, Count]:
    """Ours and the tutorials', each with its twenty newest unread."""
    return partial(count_unread, mailbox.susan), partial(count_as_the_tutorials, mailbox.susan, mailbox.susan_last_read)


def _compare(mailbox: Mailbox, peer: str) -> None:
    newest = f"{MANY:,} messages to one person, all read but the {UNREAD} newest"
    _show("unread_count_ms", newest, *_counts_of_susan(mailbox), peer)
    away = f"{UNREAD} unread of one person who was away while others were sent {MANY:,}"
    theirs = partial(count_as_the_tutorials, mailbox.mary, BEGINNING)
    _show("unread_count_after_absence_ms", away, partial(count_unread, mailbox.mary), theirs, peer)


def _show(figure: str, case: str, ours: Count, theirs: Count, peer: str) -> None:
    if not ours() == theirs() == UNREAD:
        raise AssertionError(f"counted {ours()} and {theirs()} instead of {UNREAD}")
    taken, taken_by_peer = time_calls(ours), time_calls(theirs)
    how = f"{case}; SQLite, median of {len(taken)} and {len(taken_by_peer)}; plans: {_plan(ours)} | {_plan(theirs)}"
    show(figure, median(taken), how, p95=p95(taken), peer=peer, peer_value=median(taken_by_peer))


def _plan(count: Count) -> str:
    """What SQLite answers to EXPLAIN QUERY PLAN of the very statement that the call sends."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    count()
    event.remove(db.engine, "before_cursor_execute", note)
    statement, parameters = sent[-1]
    rows = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return "; ".join(str(row[3]) for row in rows)
