"""What became of pushes, as a person can read it: each browser, each attempt, what the push service said, what happens
next; and, where nothing was sent, why.

A push leads to its browser and to what it is about, and nothing leads from a person to their pushes: so the way goes by
what was for them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import defer, joinedload

from webpush_app.accounts.models import User
from webpush_app.database import db
from webpush_app.delivery import dead_letters, outcomes, overview, subjects
from webpush_app.delivery.dead_letters import DEAD
from webpush_app.delivery.models import WAITING, Push, PushAttempt, State
from webpush_app.delivery.outbox import read_tally
from webpush_app.delivery.outcomes import Step
from webpush_app.delivery.subjects import Subject
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.push_services import PushService

MOST_PUSHES = 50


@dataclass(frozen=True)
class Line:
    """One browser, and what became of the push to it. Without a push, `outcome` says why there was none; without a
    browser, it has been removed."""

    browser: PushSubscription | None
    push: Push | None
    host: str
    steps: Sequence[Step]
    outcome: str

    @property
    def is_waiting(self) -> bool:
        return self.push is not None and self.push.state in WAITING

    @property
    def is_dead(self) -> bool:
        return self.push is not None and self.push.state in DEAD

    @property
    def why_left(self) -> str | None:
        """Of a dead letter: why it would not be sent again."""
        return dead_letters.why_left(self.push.recipient_id, self.browser) if self.push else None


@dataclass(frozen=True)
class Trail:
    subject: Subject
    lines: Sequence[Line]
    notes: Sequence[str]
    tally: Mapping[State, int]
    next_below: int | None = None

    @property
    def is_waiting(self) -> bool:
        return any(line.is_waiting for line in self.lines)


@dataclass(frozen=True)
class PersonsTrail:
    person: User
    browsers: Sequence[PushSubscription]
    trails: Sequence[Trail]


def of_subject(subject: Subject, most: int = MOST_PUSHES, *, below: int | None = None) -> Trail:
    """The browsers that came last first; `below` the number of one are those after it."""
    which = [Push.kind == subject.kind, Push.subject_id == subject.id]
    if below is not None:
        which.append(Push.subscription_id < below)
    query = select(Push).where(*which).order_by(Push.subscription_id.desc()).limit(most + 1)
    pushes = db.session.scalars(query).all()
    shown = pushes[:most]
    browsers = _browsers_of(subject.recipient_id) if subject.recipient_id is not None else None
    trail = _trail(subject, read_lines(shown), browsers)
    tally = read_tally(subject.kind, subject.id)
    next_below = shown[-1].subscription_id if len(pushes) > most else None
    return Trail(subject, trail.lines, trail.notes, tally if any(tally.values()) else {}, next_below)


def of_push(push: Push) -> Trail:
    """Of this one alone."""
    subject = subject_of(push)
    return Trail(subject, read_lines([push]), subject.facts, {})


def of_person(person: User, most: int) -> PersonsTrail:
    """What was for them lately, newest first; of what was for many, what went to their browsers."""
    browsers = _browsers_of(person.id)
    recent = [one for one in subjects.recent(person.id, most) if one.sent_at >= person.created_at]
    lines: dict[str, list[Line]] = {one.name: [] for one in recent}
    for line in read_lines(_pushes_about(recent, [one.id for one in browsers])):
        if line.push is not None:
            lines[f"{line.push.kind}:{line.push.subject_id}"].append(line)
    return PersonsTrail(person, browsers, [_trail(one, lines[one.name], browsers) for one in recent])


def read_lines(pushes: Sequence[Push]) -> list[Line]:
    """In the order of the pushes; one query each for all their browsers, services and attempts."""
    browsers = {one.id: one for one in _read_browsers(PushSubscription.id.in_({one.subscription_id for one in pushes}))}
    found = select(PushService).where(PushService.id.in_({one.service_id for one in pushes}))
    services = {one.id: one for one in db.session.scalars(found)}
    attempts: dict[int, list[PushAttempt]] = {one.id: [] for one in pushes}
    of_these = select(PushAttempt).where(PushAttempt.push_id.in_(attempts)).order_by(PushAttempt.id)
    for attempt in db.session.scalars(of_these):
        attempts[attempt.push_id].append(attempt)
    now = overview.read_conditions()
    lines = []
    for push in pushes:
        browser, service = browsers.get(push.subscription_id), services.get(push.service_id)
        steps = outcomes.steps_of(push, attempts[push.id])
        outcome = outcomes.of_push(push, browser, service, now)
        lines.append(Line(browser, push, service.host if service else "", steps, outcome))
    return lines


def subject_of(push: Push) -> Subject:
    found = subjects.find(push.kind, [push.subject_id]).get(push.subject_id)
    return found or subjects.lost(push.kind, push.subject_id, push.created_at)


def _pushes_about(about: Collection[Subject], browsers: Sequence[int]) -> list[Push]:
    found: list[Push] = []
    for kind in {one.kind for one in about}:
        of_kind = [one for one in about if one.kind == kind]
        which: list[ColumnElement[bool]] = [Push.kind == kind, Push.subject_id.in_([one.id for one in of_kind])]
        if any(one.recipient_id is None for one in of_kind):
            which.append(Push.subscription_id.in_(browsers))
        found += db.session.scalars(select(Push).where(*which).order_by(Push.subscription_id.desc()))
    return found


def _browsers_of(user_id: int) -> Sequence[PushSubscription]:
    return _read_browsers(PushSubscription.user_id == user_id)


def _read_browsers(which: ColumnElement[bool]) -> Sequence[PushSubscription]:
    # Whoever has these can push to the browser: who only looks is not given them.
    secrets = (PushSubscription.endpoint, PushSubscription.p256dh, PushSubscription.auth)
    options = (joinedload(PushSubscription.user), *(defer(secret, raiseload=True) for secret in secrets))
    query = select(PushSubscription).where(which).order_by(PushSubscription.id.desc()).options(*options)
    return db.session.scalars(query).all()


def _trail(subject: Subject, lines: Sequence[Line], browsers: Sequence[PushSubscription] | None) -> Trail:
    """With a line for each of these browsers, where it was for all of them, that nothing was sent to."""
    sent_to = {line.push.subscription_id for line in lines if line.push}
    meant = browsers if browsers and subject.recipient_id is not None else []
    left_out = [one for one in meant if one.id not in sent_to]
    absent = [Line(one, None, "", (), outcomes.of_absence(one, subject)) for one in left_out]
    notes = [*subject.facts, *([] if lines else [_why_nothing(subject, browsers)])]
    return Trail(subject, [*lines, *absent], notes, {})


def _why_nothing(subject: Subject, browsers: Sequence[PushSubscription] | None) -> str:
    if browsers is None:
        return str(_("No push about it is in the outbox."))
    if subject.recipient_id is None:
        return str(_("No push about it went to a browser of theirs."))
    if not browsers:
        return str(
            _("Nothing was sent: they have no browser here now. Whether they had one when it was sent is not known.")
        )
    if all(outcomes.was_off(one, subject) for one in browsers):
        return str(_("Nothing was sent: no browser that they have now had notifications on when it was sent."))
    return str(_("No push about it is in the outbox."))
