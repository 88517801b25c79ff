"""Tests that people sent to their own browsers, for whoever looks into what became of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from webpush_app import clock
from webpush_app.database import db
from webpush_app.delivery.models import Push
from webpush_app.delivery.subjects import Subject
from webpush_app.delivery.trial import KIND
from webpush_app.subscriptions.models import PushSubscription

# Nothing leads from a person to their tests, so the newest of everybody are looked through.
_LOOKED_THROUGH = 1000


def find_subjects(numbers: Collection[int]) -> Mapping[int, Subject]:
    known = select(Push.subject_id).where(Push.kind == KIND, Push.subject_id.in_(numbers))
    return {number: _subject(number) for number in db.session.scalars(known)}


def recent_subjects(user_id: int, most: int) -> Sequence[Subject]:
    newest = select(Push.subject_id, Push.subscription_id).where(Push.kind == KIND)
    newest = newest.order_by(Push.subject_id.desc()).limit(_LOOKED_THROUGH)
    theirs = set(db.session.scalars(select(PushSubscription.id).where(PushSubscription.user_id == user_id)))
    found = [row.subject_id for row in db.session.execute(newest) if row.subscription_id in theirs]
    return [_subject(number) for number in found[:most]]


def _subject(number: int) -> Subject:
    """A test's number is the moment at which it was asked for."""
    sent_at = clock.EPOCH + timedelta(microseconds=number)
    return Subject(KIND, number, _("Test to one's own browser"), sent_at, None)
