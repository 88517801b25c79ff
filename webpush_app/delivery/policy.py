"""What an answer of a push service means for the row in the outbox, and for the browser. What kind of answer it is says
the table in `protocol.answers`.

Nobody is turned off for a fault of ours or of the network. A refusal that only one browser meets, again and again over
a day while others are taken, is that browser's; one that everybody meets is not.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum

from webpush_app import clock
from webpush_app.delivery import retry
from webpush_app.delivery.claims import Settled
from webpush_app.delivery.happened import Answered
from webpush_app.delivery.models import State
from webpush_app.protocol.answers import Accepted, Outcome, Refused, RefusedFor, RetryLater, SubscriptionGone, Why

RENEWED = "renewed"  # gone, but the browser has subscribed anew since the push was taken
MOST_REDIRECTS = 4  # three more after the first
GIVEN_UP_REDIRECT = f"given_up_{Why.REDIRECT}"


class For(Enum):
    """What it means for the browser."""

    NOTHING = "nothing"
    WELL = "well"
    STRIKE = "strike"
    HOLD = "hold"
    GONE = "gone"
    UNUSABLE = "unusable"
    OLD_KEY = "old_key"


def for_the_browser(one: Answered) -> For:
    match one.outcome:
        case Accepted():
            return For.WELL if one.ready.strikes or not one.ready.is_proven else For.NOTHING
        case SubscriptionGone():
            return For.GONE
        case RetryLater(after_seconds=seconds):
            return For.HOLD if seconds else For.NOTHING
        case Refused(why=RefusedFor.VAPID):
            return _for_an_old_key(one) if one.ready.is_old_key else _strike(one)
        case Refused(why=why):
            return {RefusedFor.REQUEST: For.STRIKE, RefusedFor.KEYS: For.UNUSABLE}.get(why, For.NOTHING)


def settled(one: Answered, *, is_renewed: bool = False, is_led_away: bool = False) -> Settled:
    """`is_led_away` is true where it was answered by a redirect as often as it may be."""
    match one.outcome:
        case Accepted():
            return _ended(one, State.ACCEPTED)
        case SubscriptionGone():
            return _again(one, RENEWED, None, uses_attempt=True) if is_renewed else _ended(one, State.GONE)
        case RetryLater(why=Why.REDIRECT) if is_led_away:
            return _ended(one, State.FAILED, GIVEN_UP_REDIRECT)
        case RetryLater() as outcome:
            return _again(one, str(outcome.why), outcome.after_seconds, uses_attempt=outcome.uses_attempt)
        case Refused(why=why):
            return _REFUSED[why](one)


def is_redirect(outcome: Outcome) -> bool:
    return isinstance(outcome, RetryLater) and outcome.why is Why.REDIRECT


def in_a_word(outcome: Outcome) -> str:
    """For whoever counts."""
    match outcome:
        case Accepted():
            return "accepted"
        case SubscriptionGone():
            return "gone"
        case RetryLater(why=later):
            return f"retry_{later}"
        case Refused(why=refused):
            return f"refused_{refused}"


def _for_an_old_key(one: Answered) -> For:
    return For.OLD_KEY if _is_its_own_fault(one) else For.NOTHING


def _is_its_own_fault(one: Answered) -> bool:
    """Refused twice in a row, while its service takes what is for others, and took another browser's push in between.
    The first time may be the beginning of a refusal to everybody."""
    before = one.row.answered_at if one.row.reason == RefusedFor.VAPID else None
    return before is not None and one.accepts_others and took_another_since(one, before)


def took_another_since(one: Answered, moment: datetime) -> bool:
    """What was taken before says nothing: since then we may have begun to do something wrong to everybody."""
    return one.took_another_at is not None and one.took_another_at > moment


def _strike(one: Answered) -> For:
    return For.STRIKE if one.accepts_others else For.NOTHING


def _refused_request(one: Answered) -> Settled:
    return _ended(one, State.FAILED, f"refused_{RefusedFor.REQUEST}")


def _refused_keys(one: Answered) -> Settled:
    return _ended(one, State.FAILED, f"refused_{RefusedFor.KEYS}")


def _refused_key_of_ours(one: Answered) -> Settled:
    """Everybody's are refused: that is ours to mend, and nothing is lost meanwhile. An old key's browser comes back by
    itself with the new one."""
    if one.ready.is_old_key and _is_its_own_fault(one):
        return _ended(one, State.FAILED, f"refused_{RefusedFor.VAPID}")
    return _again(one, RefusedFor.VAPID, None, uses_attempt=one.accepts_others)


def _too_large(one: Answered) -> Settled:
    """Once more without the text: a notification that says little is better than none."""
    if one.ready.row.is_short:
        return _ended(one, State.FAILED, f"refused_{RefusedFor.TOO_LARGE}")
    outcome = one.outcome
    return Settled(
        one.ready.row,
        State.QUEUED,
        str(RefusedFor.TOO_LARGE),
        outcome.status,
        outcome.said or None,
        due_at=clock.now(),
        is_short=True,
    )


_REFUSED: dict[RefusedFor, Callable[[Answered], Settled]] = {
    RefusedFor.REQUEST: _refused_request,
    RefusedFor.KEYS: _refused_keys,
    RefusedFor.VAPID: _refused_key_of_ours,
    RefusedFor.TOO_LARGE: _too_large,
}


def _again(one: Answered, reason: str, after_seconds: float | None, *, uses_attempt: bool) -> Settled:
    row, outcome = one.ready.row, one.outcome
    moment = clock.now()
    waited = timedelta(0) if uses_attempt or after_seconds else moment - row.first_attempt_at
    next_at = moment + retry.delay(row.attempts, after_seconds, waited=waited)
    attempts = row.attempts if uses_attempt else row.attempts - 1
    if retry.is_over(attempts, row.first_attempt_at, row.expires_at, next_at):
        return _ended(one, State.EXPIRED if next_at >= row.expires_at else State.FAILED, f"given_up_{reason}")
    return Settled(
        row, State.QUEUED, reason, outcome.status, outcome.said or None, due_at=next_at, uses_attempt=uses_attempt
    )


def _ended(one: Answered, state: State, reason: str | None = None) -> Settled:
    return Settled(one.ready.row, state, reason, one.outcome.status, one.outcome.said or None)
