"""What changed for a person since a moment of their own clock. Polls and sockets hand it out alike."""

import json
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import bindparam, select

from webpush_app.database import InOneStep
from webpush_app.errors import InvalidInput
from webpush_app.notifications.models import Notification

MICROSECONDS = 1_000_000
_LATEST_SECONDS = 2**53 // MICROSECONDS  # beyond this a JSON number is no longer exact
_LONGEST = 40


class News(NamedTuple):
    name: str
    data: Any
    timestamp: int
    """Microseconds since 1970, by the person's own clock."""


_table: Any = Notification.__table__
_NEWER = InOneStep(
    select(_table.c.name, _table.c.payload_json, _table.c.timestamp)
    .where(_table.c.user_id == bindparam("reader_id"), _table.c.timestamp > bindparam("since"))
    .order_by(_table.c.timestamp)
)


def list_since(user_id: int, since_microseconds: int) -> list[News]:
    """Oldest first, and only what is newer."""
    rows = _NEWER.fetch({"reader_id": user_id, "since": since_microseconds})
    return [News(name, json.loads(payload), timestamp) for name, payload, timestamp in rows]


def as_json(news: Iterable[News]) -> list[dict[str, Any]]:
    return [{"name": one.name, "data": one.data, "timestamp": one.timestamp / MICROSECONDS} for one in news]


def read_since(since: str) -> int:
    """Seconds, as the timestamps are given out; read as a decimal number, because a float would be rounded."""
    try:
        seconds = Decimal(since) if len(since) <= _LONGEST and since.isascii() and "_" not in since else Decimal("NaN")
    except InvalidOperation:
        seconds = Decimal("NaN")
    if not (seconds.is_finite() and 0 <= seconds <= _LATEST_SECONDS):
        raise InvalidInput(
            _("`since` is a timestamp from an earlier answer: seconds since 1970, such as 1700000000.5"), field="since"
        )
    return int(seconds * MICROSECONDS)
