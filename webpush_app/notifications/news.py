"""What changed for a person since a moment of their own clock. Polls and sockets hand it out alike."""

import json
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import bindparam, null, select, union_all

from webpush_app.database import InOneStep
from webpush_app.errors import InvalidInput
from webpush_app.notifications.inbox import INBOX
from webpush_app.notifications.models import Notification
from webpush_app.notifications.service import last_published
from webpush_app.notifications.unread import inbox_of

MICROSECONDS = 1_000_000
_LATEST_SECONDS = 2**53 // MICROSECONDS  # beyond this a JSON number is no longer exact
_LONGEST = 40


class News(NamedTuple):
    name: str
    data: Any
    timestamp: int
    """Microseconds since 1970, by the person's own clock."""


def list_since(user_id: int, since_microseconds: int) -> list[News]:
    """Oldest first, and only what is newer. What was published for many is no row of the person's: it is counted in
    here, and asked for only where there is something of the kind."""
    rows = _NEWER.fetch({"reader_id": user_id, "since": since_microseconds})
    published_at = max((timestamp for name, _payload, timestamp in rows if name is None), default=0)
    own = [News(name, json.loads(payload), timestamp) for name, payload, timestamp in rows if name is not None]
    if not published_at or any(one.name == INBOX and one.timestamp > published_at for one in own):
        return own
    news = [one for one in own if one.name != INBOX]
    news.append(News(INBOX, inbox_of(user_id).to_json(), published_at))
    return sorted(news, key=lambda one: one.timestamp)


_state: Any = Notification.__table__
_of_many = select(last_published().label("timestamp")).subquery()
_NEWER = InOneStep(
    union_all(
        select(_state.c.name, _state.c.payload_json, _state.c.timestamp).where(
            _state.c.user_id == bindparam("reader_id"), _state.c.timestamp > bindparam("since")
        ),
        select(null(), null(), _of_many.c.timestamp).where(_of_many.c.timestamp > bindparam("since")),
    ).order_by("timestamp")
)


def as_json(news: Iterable[News]) -> list[dict[str, Any]]:
    return [{"name": one.name, "data": one.data, "timestamp": as_since(one.timestamp)} for one in news]


def as_since(moment: int) -> float:
    """As it is given out, and comes back: seconds that hold each microsecond exactly."""
    return moment / MICROSECONDS


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
