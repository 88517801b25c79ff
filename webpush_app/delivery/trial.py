""" "Send me a test": a push to one's own browser, on the same way as every other."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from webpush_app import clock
from webpush_app.database import db
from webpush_app.delivery.composing import Drop, Job
from webpush_app.delivery.models import Push
from webpush_app.delivery.outbox import enqueue_for_browser
from webpush_app.errors import TooManyRequests
from webpush_app.protocol.message import Message

KIND = "test"
LASTS = timedelta(minutes=10)
ONE_EVERY = timedelta(seconds=3)


def send_test(subscription_id: int) -> int:
    """The caller has begun a writing transaction, and commits. Returns the push's number in the outbox."""
    number = clock.to_microseconds(clock.now())
    newest = number - ONE_EVERY // timedelta(microseconds=1)
    recent = select(Push.id).where(Push.kind == KIND, Push.subject_id > newest, Push.subscription_id == subscription_id)
    if db.session.scalar(recent.limit(1)) is not None:
        raise TooManyRequests(
            _("A test was sent just now. Please wait a few seconds."),
            retry_after_seconds=int(ONE_EVERY.total_seconds()),
        )
    return enqueue_for_browser(KIND, number, subscription_id, lasts=LASTS)


def compose(jobs: Sequence[Job]) -> Mapping[int, Message | Drop]:
    return {job.push_id: _text(job.locale) for job in jobs}


def _text(locale: str) -> Message:
    with force_locale(locale):
        return Message(
            title=_("It works"),
            body=_("Notifications from %(site)s reach this browser.", site=current_app.config["SITE_NAME"]),
            url="/",
            tag=KIND,
            language=locale,
        )
