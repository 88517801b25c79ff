"""Start a broadcast, put it into the outbox step by step, and say how far it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.broadcasts import audiences
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import after_commit, among, begin_write, db, insert_unless_there
from webpush_app.delivery import outbox
from webpush_app.delivery.composing import Drop, Job
from webpush_app.delivery.models import FINAL, Lane, State
from webpush_app.errors import Conflict
from webpush_app.notifications import inbox
from webpush_app.protocol.message import Message
from webpush_app.subscriptions.models import PushSubscription

KIND = "broadcast"
STEP = 5000  # ids of browsers in one step: who writes a message meanwhile waits for one of them


@dataclass(frozen=True)
class Progress:
    total: int
    accepted: int
    failed: int
    is_done: bool

    @property
    def waiting(self) -> int:
        return max(0, self.total - self.accepted - self.failed)


class SendingKeyUsed(Conflict):
    code = "idempotency_key_used"


def start_broadcast(
    author: User, title: str, body: str, link: str, audience: str, *, sending_key: str | None = None
) -> Broadcast:
    """One row now, and one for the inboxes; the outbox is filled by the worker. The caller has begun a writing
    transaction, and commits.

    With a key it is safe to repeat: the row of the first time comes back, unless it says something else.
    """
    content = {"title": title, "body": body, "link": link, "audience": audience}
    values = {"author_id": author.id, "sending_key": sending_key, **content, **_extent(audience)}
    row = insert_unless_there(Broadcast, ("author_id", "sending_key"), **values)
    if row is None:
        return _stored_before(author, sending_key, content)
    if audiences.has_accounts(audience):
        inbox.publish(KIND, row.id, language=audiences.language_of(audience))
    after_commit(outbox.TellDue(Lane.BROADCAST))
    return row


def fan_out_step() -> bool:
    """The next few thousand rows of the oldest unfinished broadcast; False when there is none. Commits.

    The cursor moves in the same transaction, so that a step that was cut off leaves nothing, and is done again.
    """
    found = db.session.scalar(_UNFINISHED)
    db.session.rollback()
    if found is None:
        return False
    begin_write()
    row = db.session.scalar(select(Broadcast).where(Broadcast.id == found).with_for_update(skip_locked=True))
    if row is None or row.fanned_out_at is not None:  # another worker is at it, or has just finished it
        db.session.rollback()
        return False
    _fan_out(row)
    db.session.commit()
    return True


def is_any_unfinished() -> bool:
    """Is there a step to be made?"""
    return db.session.scalar(_UNFINISHED) is not None


def list_broadcasts(most: int) -> Sequence[Broadcast]:
    query = select(Broadcast).options(joinedload(Broadcast.author)).order_by(Broadcast.id.desc()).limit(most)
    return db.session.scalars(query).all()


def progress(row: Broadcast) -> Progress:
    """From the tally: the same cost for ten browsers and for a million."""
    tally = outbox.read_tally(KIND, row.id)
    ended = sum(tally[state] for state in FINAL)
    is_fanned_out = row.fanned_out_at is not None
    # Browsers that were turned off before their step are in no row.
    total = tally[State.QUEUED] if is_fanned_out else max(row.audience_size, tally[State.QUEUED])
    accepted = tally[State.ACCEPTED]
    return Progress(total, accepted, ended - accepted, is_fanned_out and ended >= total)


def compose(jobs: Sequence[Job]) -> Mapping[int, Message | Drop]:
    rows = db.session.execute(_TEXTS, {"ids": list({job.subject_id for job in jobs})})
    texts: dict[int, Message | Drop] = {row.id: _text(row) for row in rows}
    withdrawn = Drop("withdrawn")
    return {job.push_id: texts.get(job.subject_id, withdrawn) for job in jobs}


def _extent(audience: str) -> dict[str, Any]:
    """For how many browsers, until which one, and for how long."""
    chosen = audiences.browsers_of(audience).subquery()
    size, last = db.session.execute(select(func.count(), func.max(chosen.c.id)).select_from(chosen)).one()
    now = clock.now()
    return {
        "audience_size": size,
        "last_subscription_id": last or 0,
        "created_at": now,
        "expires_at": now + outbox.BROADCAST_LASTS,
        "fanned_out_at": None if size else now,
    }


def _stored_before(author: User, sending_key: str | None, content: dict[str, str]) -> Broadcast:
    row = db.session.scalars(select(Broadcast).filter_by(author_id=author.id, sending_key=sending_key)).one()
    if any(getattr(row, name) != value for name, value in content.items()):
        raise SendingKeyUsed(_("This key was used for another broadcast. Send this one with a key of its own."))
    return row


def _fan_out(row: Broadcast) -> None:
    """So many ids, whoever of them it is for: no step is longer than another, also where a few among very many are
    meant, or where the database does not know yet how many rows it has."""
    left = (PushSubscription.id > row.cursor, PushSubscription.id <= row.last_subscription_id)
    first = db.session.scalar(select(func.min(PushSubscription.id)).where(*left))
    if first is not None:
        row.cursor = min(first + STEP - 1, row.last_subscription_id)
        these = audiences.browsers_of(row.audience).where(PushSubscription.id.between(first, row.cursor))
        outbox.enqueue_for_many(KIND, row.id, these, expires_at=row.expires_at)
    if first is None or row.cursor >= row.last_subscription_id:
        row.fanned_out_at = clock.now()


_UNFINISHED = select(Broadcast.id).where(Broadcast.fanned_out_at.is_(None)).order_by(Broadcast.id).limit(1)
_broadcasts: Any = Broadcast.__table__
_TEXTS = select(*(_broadcasts.c[name] for name in ("id", "title", "body", "link", "created_at"))).where(
    among(_broadcasts.c.id, "ids")
)


def _text(row: Any) -> Message:
    return Message(
        title=row.title,
        body=row.body,
        url=row.link or "/",
        tag=f"broadcast-{row.id}",
        timestamp_ms=clock.to_microseconds(row.created_at) // 1000,
    )
