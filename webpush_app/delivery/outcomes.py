"""The sentences of a trail: what each attempt came to, what happens next, and why nothing was sent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from webpush_app import clock
from webpush_app.delivery import words
from webpush_app.delivery.models import FINAL, OTHER_KEY, Push, PushAttempt, State
from webpush_app.delivery.overview import Conditions
from webpush_app.delivery.subjects import Subject
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.push_services import PushService


@dataclass(frozen=True)
class Step:
    """Something that happened to a push; `said` are the push service's own words."""

    at: datetime
    what: str
    said: str | None = None
    then: str | None = None


def steps_of(push: Push, attempts: Sequence[PushAttempt]) -> list[Step]:
    steps = [Step(push.created_at, str(_("Put into the outbox.")))]
    steps += [_attempted(one) for one in attempts]
    if push.state in FINAL and push.answered_at is not None:
        steps.append(Step(push.answered_at, _ended(push), push.said))
    return steps


def of_push(push: Push, browser: PushSubscription | None, service: PushService | None, now: Conditions) -> str:
    match State(push.state):
        case State.QUEUED:
            return " ".join(filter(None, (_waits(push, browser, service, now), _suspicion(push))))
        case State.SENDING:
            return _is_sent(push)
        case State.ACCEPTED:
            return str(_("Taken by the push service. Whether it was shown is not known."))
        case State.GONE:
            return str(_("The push service does not know this browser any more; it has to subscribe again."))
        case State.DROPPED:
            return str(_("Not sent: %(why)s.", why=words.of_drop(push.reason)))
        case State.FAILED | State.EXPIRED:
            return _given_up(push)


def of_absence(browser: PushSubscription, subject: Subject) -> str:
    """Why there is no push to this browser. What it was in the past is known only from when it came and went."""
    if browser.created_at > subject.sent_at:
        return str(_("Nothing was sent: it subscribed later, at %(moment)s.", moment=words.moment(browser.created_at)))
    if was_off(browser, subject):
        return str(_("Nothing was sent: notifications were off on it; %(why)s.", why=words.of_off(browser.off_because)))
    return str(
        _(
            "There is no push to it, and why is not known: notifications may have been off on it then, it may have "
            "been somebody else's, or the record has been tidied away since."
        )
    )


def was_off(browser: PushSubscription, subject: Subject) -> bool:
    """For certain: it was not there yet, or has been off since before then."""
    is_older = browser.off_at is not None and browser.off_at <= subject.sent_at
    return is_older or browser.created_at > subject.sent_at


def _attempted(attempt: PushAttempt) -> Step:
    what = _answered(attempt.answer_status, attempt.reason)
    if attempt.next_at is None:
        then = _("Given up then, and sent again by hand later.")
    else:
        then = _next_attempt(attempt.next_at)
    return Step(attempt.at, what, attempt.said, str(then))


def _ended(push: Push) -> str:
    if push.state == State.ACCEPTED:
        return str(_("Answered %(status)s: taken.", status=push.answer_status))
    if push.state == State.GONE:
        return str(_("Answered %(status)s: the push service does not know this browser.", status=push.answer_status))
    if push.state == State.DROPPED:
        return str(_("Taken out of the outbox when its turn came."))
    if push.reason == words.CRASHED:
        return str(_("Set aside."))
    return _answered(push.answer_status, push.reason)


def _answered(status: int | None, reason: str | None) -> str:
    why = words.why(reason)
    if status is not None:
        return str(_("Answered %(status)s: %(why)s.", status=status, why=why))
    if reason in _NOBODY_WAS_ASKED:
        return str(_("Not sent: %(why)s.", why=why))
    return str(_("No answer: %(why)s.", why=why))


_NOBODY_WAS_ASKED = (
    *(State.EXPIRED, "refused_keys"),
    *(words.NOT_COMPOSED, f"{words.GIVEN_UP}{words.NOT_COMPOSED}"),
    *(words.OUR_ENCRYPTION, f"{words.GIVEN_UP}{words.OUR_ENCRYPTION}"),
    f"{words.GIVEN_UP}{OTHER_KEY}",
)


def _waits(push: Push, browser: PushSubscription | None, service: PushService | None, now: Conditions) -> str:
    if now.is_contact_missing:
        return str(_("Waits: an admin has to give a contact address first."))
    if not now.is_worker_running:
        return str(_("Waits: no worker is running."))
    what_for = _missing_key if push.reason == OTHER_KEY else _next_attempt
    moments: list[tuple[datetime | None, Callable[[datetime], str]]] = [(push.due_at, what_for)]
    if service:
        moments.append((service.paused_until, lambda until: _spared(service, until)))
    if browser:
        moments.append((browser.hold_until, _patience))
    # Each of them has to pass: the last one says how long it is.
    ahead = [(until, in_words) for until, in_words in moments if until is not None and until > clock.now()]
    if ahead:
        until, in_words = max(ahead, key=lambda one: one[0])
        return in_words(until)
    if service and service.paused_until:
        return str(_("Waits: one push tries whether %(host)s is well again.", host=service.host))
    return str(_("Waits for its turn."))


def _next_attempt(at: datetime) -> str:
    return str(_("Next attempt: %(moment)s.", moment=words.moment(at)))


def _missing_key(until: datetime) -> str:
    return str(
        _(
            "Waits: %(why)s. It is sent when an admin has put the key back, or when that browser has visited the site; "
            "the next look is at %(moment)s.",
            why=words.why(OTHER_KEY),
            moment=words.moment(until),
        )
    )


def _patience(until: datetime) -> str:
    asked = _("the push service asked for patience with this browser")
    return str(_("Waits until %(moment)s: %(why)s.", moment=words.moment(until), why=asked))


def _spared(service: PushService, until: datetime) -> str:
    return str(
        _(
            "Waits: %(host)s is spared until %(moment)s, because %(why)s.",
            host=service.host,
            moment=words.moment(until),
            why=words.of_pause(service.paused_because),
        )
    )


def _suspicion(push: Push) -> str:
    if not push.crashes:
        return ""
    sentence: str = ngettext(
        "A worker was lost while it had this one.",
        "Workers were lost %(num)d times while they had this one.",
        push.crashes,
    )
    return sentence


def _is_sent(push: Push) -> str:
    if push.due_at is not None and push.due_at <= clock.now():
        return str(_("The worker that had it is gone; another one takes it."))
    return str(_("It is being sent."))


def _given_up(push: Push) -> str:
    if push.reason == words.CRASHED:
        return str(_("Set aside: %(why)s.", why=words.why(push.reason)))
    if push.reason == State.EXPIRED or push.reason is None:
        return str(_("Given up: its time was over at %(moment)s.", moment=words.moment(push.expires_at)))
    why = words.why(push.reason)
    if not push.reason.startswith(words.GIVEN_UP) or not push.attempts:
        return str(_("Given up: %(why)s.", why=why))
    sentence: str = ngettext(
        "Given up after %(num)d attempt: %(why)s.", "Given up after %(num)d attempts: %(why)s.", push.attempts, why=why
    )
    return sentence
