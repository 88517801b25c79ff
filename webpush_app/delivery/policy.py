"""What an answer of a push service means for the row in the outbox, and for the browser."""

from webpush_app import clock
from webpush_app.delivery import retry
from webpush_app.delivery.claims import Claimed, Settled
from webpush_app.delivery.composing import tallied
from webpush_app.delivery.models import State
from webpush_app.protocol.answers import Accepted, Outcome, Refused, RefusedFor, RetryLater, SubscriptionGone
from webpush_app.subscriptions.models import Off


def settled(row: Claimed, outcome: Outcome) -> Settled:
    match outcome:
        case Accepted():
            return _ended(row, State.ACCEPTED, outcome)
        case SubscriptionGone():
            return _ended(row, State.GONE, outcome)
        case Refused():
            return _ended(row, State.FAILED, outcome, f"refused_{outcome.why}")
        case RetryLater():
            return _again(row, outcome)


def ends(outcome: Outcome) -> Off | None:
    """Only these end a subscription. A refusal may be our own fault, and a network that fails says nothing at all."""
    if isinstance(outcome, SubscriptionGone):
        return Off.GONE
    if isinstance(outcome, Refused) and outcome.why is RefusedFor.KEYS:
        return Off.UNUSABLE
    return None


def _again(row: Claimed, outcome: RetryLater) -> Settled:
    next_at = clock.now() + retry.delay(row.attempts, outcome.after_seconds)
    attempts = row.attempts if outcome.uses_attempt else row.attempts - 1
    if retry.is_over(attempts, row.first_attempt_at, row.expires_at, next_at):
        state = State.EXPIRED if next_at >= row.expires_at else State.FAILED
        return _ended(row, state, outcome, f"given_up_{outcome.why}")
    return Settled(
        row.id,
        State.QUEUED,
        str(outcome.why),
        outcome.status,
        outcome.said or None,
        due_at=next_at,
        uses_attempt=outcome.uses_attempt,
    )


def _ended(row: Claimed, state: State, outcome: Outcome, reason: str | None = None) -> Settled:
    return Settled(row.id, state, reason, outcome.status, outcome.said or None, tallied_as=tallied(row))
