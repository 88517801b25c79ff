"""Counting unread messages, which every page does for its badge: ours against the tutorials' way, in one database."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bench.figures import median, p95, show, tell, time_calls
from bench.mailbox import BEGINNING, UNREAD, Mailbox, count_as_the_tutorials, index_people_too, opened
from webpush_app.database import db
from webpush_app.messaging import service

MANY = 1_000_000
FEW = 1_000

Count = Callable[[], int]


def measure(folder: Path) -> None:
    tell("unread: counting")
    with opened(folder / f"mailbox-{FEW}", FEW) as mailbox:
        few = _of_susan(mailbox)
        few_ours, few_theirs = _ours(mailbox.susan), median(time_calls(_theirs_of_susan(mailbox)))
    with opened(folder / f"mailbox-{MANY}", MANY) as mailbox:
        ours = _of_susan(mailbox)
        how = f"{MANY:,} messages to one person, the {UNREAD} newest unread; SQLite; median of {len(ours)}"
        _compare("unread_count_ms", ours, service_count(mailbox.susan), _theirs_of_susan(mailbox), TIME_ONLY, how)
        _compare_away(mailbox, TIME_ONLY)
        index_people_too()
        _compare("unread_count_ms", ours, service_count(mailbox.susan), _theirs_of_susan(mailbox), ALL, how)
        _compare_away(mailbox, ALL)
