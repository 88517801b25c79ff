""" "Send me a test": a push to one's own browser, on the same way as every other."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select

from webpush_app import clock
from webpush_app.database import alone, db
from webpush_app.delivery.composing import Drop, Job
from webpush_app.delivery.models import Push
from webpush_app.delivery.outbox import enqueue_for_browser
from webpush_app.errors import TooManyRequests
from webpush_app.protocol.message import Message
from webpush_app.subscriptions.models import PushSubscription

KIND = "test"
LASTS = timedelta(minutes=10)
ONE_EVERY = timedelta(seconds=3)
# Whoever asks for many has our address knocked at a push service for nothing, until that has had enough of it.
WITHIN = timedelta(minutes=10)
MOST_OF_ONE_PERSON = 20
MOST_OF_STRANGERS = 200  # all of them: who deletes a browser and posts another is a new one


def send_test(subscription_id: int) -> int:
    """The caller has begun a writing transaction, and commits. Returns the push's number in the outbox."""
    number = clock.to_microseconds(clock.now())
    if _count(number, ONE_EVERY, Push.subscription_id == subscription_id):
        raise TooManyRequests(
            _("A test was sent just now. Please wait a few seconds."),
            retry_after_seconds=int(ONE_EVERY.total_seconds()),
        )
    user_id = db.session.scalar(select(PushSubscription.user_id).where(PushSubscription.id == subscription_id))
    most = MOST_OF_STRANGERS if user_id is None else MOST_OF_ONE_PERSON
    alone(f"tests of {user_id}")  # each counts those before it, in whichever process
    if _count(number, WITHIN, Push.recipient_id.is_not_distinct_from(user_id)) >= most:
        raise TooManyRequests(
            _("Many tests were sent lately. Please try again in ten minutes."),
            retry_after_seconds=int(WITHIN.total_seconds()),
        )
    return enqueue_for_browser(KIND, number, subscription_id, lasts=LASTS)


def _count(number: int, within: timedelta, *which: ColumnElement[bool]) -> int:
    """Their numbers are moments."""
    oldest = number - within // timedelta(microseconds=1)
    query = select(func.count()).select_from(Push).where(Push.kind == KIND, Push.subject_id > oldest, *which)
    return db.session.scalar(query) or 0


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
