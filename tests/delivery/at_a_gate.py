"""What tests let a push service answer, and a gate make of it."""

from webpush_app.delivery import changes
from webpush_app.delivery.gate import Gate
from webpush_app.protocol.answers import Accepted, Outcome, Refused, RefusedFor, RetryLater, Why

HOST = "push.example.org"
WELL = Accepted(201, "")
BUSY = RetryLater(503, "later", Why.THEIR_TROUBLE)
SILENT = RetryLater(None, "no answer", Why.UNKNOWN)
OUR_KEY = Refused(403, "not with this key", RefusedFor.VAPID)
MOST = 64
MIXED: tuple[Outcome, ...] = (WELL, BUSY)


def slow_down(seconds: float = 120) -> RetryLater:
    return RetryLater(429, "slow down", Why.SLOW_DOWN, seconds, uses_attempt=False)


def answer(gate: Gate, outcome: Outcome, browser: int = 1) -> object:
    gate.sent()
    return gate.answered(changes.browser(browser), outcome)


def answers(gate: Gate, *outcomes: Outcome) -> list[object]:
    """Of one browser each; what changed by them."""
    changed = [answer(gate, outcome, number) for number, outcome in enumerate(outcomes)]
    return [change for change in changed if change is not None]
