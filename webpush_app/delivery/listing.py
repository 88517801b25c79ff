"""The newest pushes, with or without a filter: a page from a number on, and nothing is counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from webpush_app.database import db
from webpush_app.delivery import subjects, walking
from webpush_app.delivery.models import Push
from webpush_app.delivery.subjects import Subject
from webpush_app.delivery.walking import Wanted, Watch


@dataclass(frozen=True)
class Page:
    pushes: Sequence[Push]
    # Where the next page begins; null where there is nothing older.
    next_before: int | None
    # Looking further back would have taken too long: there may be more than is shown.
    was_cut_short: bool = False


def newest(wanted: Wanted, size: int, *, before: int | None = None, watch: Watch | None = None) -> Page:
    found: list[Push] = []
    for first, last in walking.backwards(before):
        query = select(Push).where(Push.id >= first, Push.id <= last, *wanted.conditions())
        found += db.session.scalars(query.order_by(Push.id.desc()).limit(size + 1 - len(found)))
        if len(found) > size:
            return Page(found[:size], found[size - 1].id)
        if watch and watch.is_over and first > 1:
            return Page(found, first, was_cut_short=True)
    return Page(found, None)


def subjects_of(pushes: Sequence[Push]) -> Mapping[int, Subject]:
    """What each push is about, by the push's number."""
    named: dict[int, Subject] = {}
    for kind in {push.kind for push in pushes}:
        of_kind = [push for push in pushes if push.kind == kind]
        found = subjects.find(kind, {push.subject_id for push in of_kind})
        for push in of_kind:
            named[push.id] = found.get(push.subject_id) or subjects.lost(kind, push.subject_id, push.created_at)
    return named
