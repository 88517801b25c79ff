"""Broadcasts as items of the inbox."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import db
from webpush_app.notifications.kinds import Kind, Said
from webpush_app.notifications.models import InboxItem


def describe(items: Sequence[InboxItem]) -> Mapping[int, Said]:
    query = select(Broadcast.id, Broadcast.title, Broadcast.body, Broadcast.link)
    rows = db.session.execute(query.where(Broadcast.id.in_({item.subject_id for item in items})))
    found = {row.id: row for row in rows}
    said: dict[int, Said] = {}
    for item in items:
        row = found.get(item.subject_id)
        if row is not None:
            said[item.id] = Said(row.title, row.body, row.link)
    return said


BROADCASTS = Kind(describe)
