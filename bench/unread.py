"""Counting unread messages, which every page does for its badge: ours against the tutorials' way, in one database."""

from collections.abc import Callable
from dataclasses import dataclass
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
_NEWEST = "unread_count_ms"
_AWAY = "unread_count_after_absence_ms"
_CASES = {
    _NEWEST: "{:,} messages to one person, all read but the 20 newest",
    _AWAY: "20 unread of one person who was away while others were sent {:,}",
}
_TIME_INDEX = "tutorial: newer than last_message_read_time, index on timestamp"
_MORE_INDEXES = "tutorial: newer than last_message_read_time, indexes on timestamp and recipient_id"

Count = Callable[[], int]


@dataclass(frozen=True)
class Comparison:
    figure: str
    peer: str
    ours: list[float]
    theirs: list[float]
    plans: str


def measure(folder: Path) -> None:
    tell("unread: counting")
    few, many = ({(one.figure, one.peer): one for one in _take(folder, received)} for received in (FEW, MANY))
    for one in many.values():
        times = f"SQLite, median of {len(one.ours)} and {len(one.theirs)}"
        how = f"{_CASES[one.figure].format(MANY)}; {times}; plans: {one.plans}"
        show(one.figure, median(one.ours), how, p95=p95(one.ours), peer=one.peer, peer_value=median(one.theirs))
    for key, large in many.items():
        small = few[key]
        growth, peer_growth = (
            median(a) / median(b) for a, b in ((large.ours, small.ours), (large.theirs, small.theirs))
        )
        how = (
            f"time at {MANY:,} divided by time at {FEW:,}, medians; {_CASES[large.figure].format(MANY)}; 1 is no growth"
        )
        show(large.figure.replace("_ms", "_growth"), growth, how, peer=large.peer, peer_value=peer_growth)


def _take(folder: Path, received: int) -> list[Comparison]:
    with opened(folder / f"mailbox-{received}", received) as mailbox:
        by_time = _compare(mailbox, _TIME_INDEX)
        index_people_too()
        return [*by_time, *_compare(mailbox, _MORE_INDEXES)]


def _compare(mailbox: Mailbox, peer: str) -> list[Comparison]:
    return [
        _comparison(figure, peer, partial(count_unread, person), partial(count_as_the_tutorials, person, last_read))
        for figure, person, last_read in (
            (_NEWEST, mailbox.susan, mailbox.susan_last_read),
            (_AWAY, mailbox.mary, BEGINNING),
        )
    ]


def _comparison(figure: str, peer: str, ours: Count, theirs: Count) -> Comparison:
    if not ours() == theirs() == UNREAD:
        raise AssertionError(f"counted {ours()} and {theirs()} instead of {UNREAD}")
    return Comparison(figure, peer, time_calls(ours), time_calls(theirs), f"{_plan(ours)} | {_plan(theirs)}")


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
