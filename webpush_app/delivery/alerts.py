"""What needs a person: one open alert for each kind and what it is about, however many pushes and workers meet it.

Whoever finds out raises it in the transaction of what was found out, again and again; the first of all of them writes
one line into the log and tells the admins. Most alerts end by themselves, when the same things go well again.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any

from blinker import Namespace
from sqlalchemy import func, or_, select, text, update

from webpush_app import clock
from webpush_app.database import after_commit, db, insert_or_update
from webpush_app.delivery.watch_models import OperatorAlert
from webpush_app.errors import DatabaseBusy
from webpush_app.logs import line
from webpush_app.protocol.said import plain_words

log = logging.getLogger(__name__)


class AlertKind(StrEnum):
    OUR_KEY = "our_key"  # a push service refuses what we sign
    HOST_DOWN = "host_down"  # it fails or cannot be reached, and is spared
    GONE_WAVE = "gone_wave"  # many browsers of one push service are gone at once
    CRASHES = "crashes"  # a push was set aside, because workers died of it
    TOO_LARGE = "too_large"  # a push was larger than we let any be
    MISSING_KEY = "missing_key"  # browsers subscribed with a key of ours that is not here
    ENCRYPTION = "encryption"  # nothing can be encrypted, for whomever it is


# These are moments and have no end of their own: each lasts so long after the last of its kind.
LASTS: Mapping[AlertKind, timedelta] = {
    AlertKind.GONE_WAVE: timedelta(hours=24),
    AlertKind.CRASHES: timedelta(days=7),
    AlertKind.TOO_LARGE: timedelta(days=7),
    AlertKind.MISSING_KEY: timedelta(hours=1),
    AlertKind.ENCRYPTION: timedelta(hours=1),
}
# A moment that comes again is written down no oftener than that.
_AGAIN_EVERY = timedelta(minutes=10)
_LEVELS = dict.fromkeys(AlertKind, logging.ERROR) | dict.fromkeys(
    (AlertKind.HOST_DOWN, AlertKind.GONE_WAVE), logging.WARNING
)
_OPEN = OperatorAlert.ended_at.is_(None)
_LONGEST_SAID = 200
_LONGEST_ABOUT = 253

# Sent inside the transaction that raises or ends an alert, with `news`: to be called for what to tell the admins, after
# whatever must be locked is locked.
on_alert = Namespace().signal("operator-alert")


@dataclass(frozen=True)
class OpenAlert:
    kind: str
    about: str
    said: str
    raised_at: datetime


def raise_alert(kind: AlertKind, about: str = "", said: str = "") -> bool:
    """True for the one caller whose alert it is. The caller has begun a writing transaction, and commits."""
    about, said = about[:_LONGEST_ABOUT], plain_words(said)[:_LONGEST_SAID]
    if _is_open(kind, about):
        _note_again(kind, about, said)
        return False
    values = {"kind": str(kind), "about": about, "said": said, "raised_at": clock.now()}
    # Another process may do the same in the same instant.
    new = insert_or_update(OperatorAlert).values(values)
    new = new.on_conflict_do_nothing(index_elements=["kind", "about"], index_where=text("ended_at IS NULL"))
    if db.session.scalar(new.returning(OperatorAlert.id)) is None:
        return False
    words = line("operator_alert", event="raised", kind=kind, about=about, said=said)
    after_commit(partial(log.log, _LEVELS[kind], words))
    _tell()
    return True


def end_alert(kind: AlertKind, about: str = "") -> bool:
    """True where there was one to end. Within the caller's transaction, as above."""
    return _end(OperatorAlert.kind == kind, OperatorAlert.about == about[:_LONGEST_ABOUT])


def end_stale() -> bool:
    """For the house-keeping: moments that did not come again. Within the caller's transaction."""
    now = clock.now()
    stale = [(OperatorAlert.kind == kind) & (OperatorAlert.raised_at < now - lasts) for kind, lasts in LASTS.items()]
    return _end(or_(*stale))


def list_open() -> Sequence[OpenAlert]:
    """The newest first."""
    columns = (OperatorAlert.kind, OperatorAlert.about, OperatorAlert.said, OperatorAlert.raised_at)
    query = select(*columns).where(_OPEN).order_by(OperatorAlert.raised_at.desc(), OperatorAlert.id.desc())
    return [OpenAlert(*row) for row in db.session.execute(query)]


def count_open() -> dict[str, int]:
    """By kind; those of which there is none are there with 0."""
    query = select(OperatorAlert.kind, func.count().label("number")).where(_OPEN).group_by(OperatorAlert.kind)
    return dict.fromkeys(map(str, AlertKind), 0) | {row.kind: row.number for row in db.session.execute(query)}


def news() -> dict[str, Any]:
    """How many are open, and the newest of them."""
    alerts = list_open()
    if not alerts:
        return {"open": 0}
    newest = alerts[0]
    since = newest.raised_at.isoformat()
    return {"open": len(alerts), "kind": newest.kind, "about": newest.about, "said": newest.said, "since": since}


def _is_open(kind: AlertKind, about: str) -> bool:
    found = select(OperatorAlert.id).where(OperatorAlert.kind == kind, OperatorAlert.about == about, _OPEN)
    return db.session.scalar(found) is not None


def _note_again(kind: AlertKind, about: str, said: str) -> None:
    """Of a moment, when it was last seen counts; of what goes on, when it began."""
    if kind not in LASTS:
        return
    now = clock.now()
    which = (OperatorAlert.kind == kind, OperatorAlert.about == about, _OPEN)
    old = OperatorAlert.raised_at < now - _AGAIN_EVERY
    db.session.execute(update(OperatorAlert).where(*which, old).values(raised_at=now, said=said))


def _end(*which: Any) -> bool:
    ending = update(OperatorAlert).where(*which, _OPEN).values(ended_at=clock.now())
    ended = db.session.execute(ending.returning(OperatorAlert.kind, OperatorAlert.about)).all()
    for kind, about in ended:
        after_commit(partial(log.info, line("operator_alert", event="ended", kind=kind, about=about)))
    if ended:
        _tell()
    return bool(ended)


def _tell() -> None:
    """An alert that nobody can be told of must not undo what was found out."""
    try:
        with db.session.begin_nested():
            on_alert.send(None, news=news)
    except DatabaseBusy:
        raise  # all of it is done again
    except Exception:
        log.exception(line("operator_alert_not_told"))
