"""Broadcasts, for whoever looks into what became of their pushes."""

from collections.abc import Collection, Mapping, Sequence

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from webpush_app.broadcasts import audiences, service
from webpush_app.broadcasts.models import Broadcast
from webpush_app.broadcasts.service import KIND
from webpush_app.database import db
from webpush_app.delivery.subjects import LARGEST_ID, Subject


def find_subjects(broadcast_ids: Collection[int]) -> Mapping[int, Subject]:
    possible = [number for number in broadcast_ids if number <= LARGEST_ID]
    rows = db.session.scalars(select(Broadcast).where(Broadcast.id.in_(possible)))
    return {row.id: _subject(row) for row in rows}


def recent_subjects(_user_id: int, most: int) -> Sequence[Subject]:
    """Whether they were for this person too, their browsers' rows in the outbox say."""
    return [_subject(row) for row in service.list_broadcasts(most)]


def _subject(row: Broadcast) -> Subject:
    title = _("Broadcast %(number)d, “%(title)s”", number=row.id, title=row.title)
    return Subject(KIND, row.id, title, row.created_at, None, _facts(row))


def _facts(row: Broadcast) -> tuple[str, ...]:
    audience = audiences.in_words(row.audience)
    if not row.audience_size:
        return (_("It was for: %(audience)s. No browser of theirs had notifications on.", audience=audience),)
    for_whom = ngettext(
        "It was for: %(audience)s, %(num)d browser.",
        "It was for: %(audience)s, %(num)d browsers.",
        row.audience_size,
        audience=audience,
    )
    if row.fanned_out_at is None:
        return (for_whom, _("Its pushes are still being put into the outbox."))
    return (for_whom,)
