"""What a push service's answer means for the push and for the subscription: a table, first match wins.

Systems that delete a subscription on any 4xx, or on a network error, lose everybody on one bad deploy. Here only 404
and 410 say that it is gone.
"""

from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from webpush_app.protocol.said import is_page, plain_words, retry_after_seconds
from webpush_app.protocol.transport import Answer, NoAnswer, Trouble

SLOW_DOWN_SECONDS = 60.0


class Why(StrEnum):
    SLOW_DOWN = "slow_down"
    THEIR_TROUBLE = "their_trouble"
    UNKNOWN = "unknown"
    """It may have arrived: the next try must replace it."""
    ON_THE_WAY = "on_the_way"
    """It did not arrive, and the subscription is not to blame."""
    REDIRECT = "redirect"
    NOT_A_PUSH_SERVICE = "not_a_push_service"
    """Somebody answered, a captive portal perhaps."""
    OUR_ENCRYPTION = "our_encryption"
    """Nobody was asked: nothing can be encrypted, for whomever it is."""


class RefusedFor(StrEnum):
    VAPID = "vapid"
    TOO_LARGE = "too_large"
    REQUEST = "request"
    KEYS = "keys"
    """Nobody was asked: the browser's keys cannot be encrypted for."""


@dataclass(frozen=True)
class Accepted:
    """By the push service, never: shown."""

    status: int | None
    said: str


@dataclass(frozen=True)
class RetryLater:
    status: int | None
    said: str
    why: Why
    after_seconds: float | None = None
    """Not before that; None leaves it to the sender."""
    uses_attempt: bool = True


@dataclass(frozen=True)
class SubscriptionGone:
    status: int | None
    said: str


@dataclass(frozen=True)
class Refused:
    status: int | None
    said: str
    why: RefusedFor


Outcome = Accepted | RetryLater | SubscriptionGone | Refused


def classify(answer: Answer | NoAnswer, now: datetime) -> Outcome:
    if isinstance(answer, Answer) and answer.status == 201 and not answer.body:
        return _PLAINLY_ACCEPTED
    if isinstance(answer, NoAnswer):
        return RetryLater(None, plain_words(answer.detail), _WITHOUT_ANSWER[answer.trouble])
    said = plain_words(answer.headers.get("x-wns-error-description") or answer.body)
    wait = retry_after_seconds(answer.headers.get("retry-after"), now, answer.headers.get("date"))
    for statuses, is_meant, outcome in _RULES:
        if answer.status in statuses and is_meant(answer):
            return outcome(answer.status, said, wait)
    return _their_trouble(answer.status, said, wait)


_PLAINLY_ACCEPTED = Accepted(201, "")
"""What nearly all answers are."""

_Build = Callable[[int, str, float | None], Outcome]

_WITHOUT_ANSWER = {
    Trouble.TIMEOUT: Why.UNKNOWN,
    Trouble.RESET: Why.UNKNOWN,
    Trouble.DNS: Why.ON_THE_WAY,
    Trouble.REFUSED: Why.ON_THE_WAY,
    Trouble.TLS: Why.ON_THE_WAY,
    Trouble.ADDRESS_REFUSED: Why.ON_THE_WAY,
    Trouble.BAD_ANSWER: Why.ON_THE_WAY,
}


def _always(_answer: Answer) -> bool:
    return True


def _is_a_push_services(answer: Answer) -> bool:
    return not answer.is_cut and not is_page(answer)


def _names_our_key(answer: Answer) -> bool:
    """Apple's and Google's words for a wrong VAPID key, in the place of a 403."""
    return b"VapidPkHashMismatch" in answer.body or b"UnauthorizedRegistration" in answer.body


def _is_throttled(answer: Answer) -> bool:
    """Microsoft's way of saying 429."""
    return any(name == "retry-after" or name.startswith("x-wns-") for name in answer.headers)


def _accepted(status: int, said: str, _wait: float | None) -> Outcome:
    return Accepted(status, said)


def _gone(status: int, said: str, _wait: float | None) -> Outcome:
    return SubscriptionGone(status, said)


def _slow_down(status: int, said: str, wait: float | None) -> Outcome:
    after_seconds = SLOW_DOWN_SECONDS if wait is None else wait
    return RetryLater(status, said, Why.SLOW_DOWN, after_seconds, uses_attempt=False)


def _their_trouble(status: int, said: str, wait: float | None) -> Outcome:
    return RetryLater(status, said, Why.THEIR_TROUBLE, wait)


def _retry(why: Why) -> _Build:
    return lambda status, said, _wait: RetryLater(status, said, why)


def _refused(why: RefusedFor) -> _Build:
    return lambda status, said, _wait: Refused(status, said, why)


_RULES: tuple[tuple[Container[int], Callable[[Answer], bool], _Build], ...] = (
    ((200, 201, 202, 204), _is_a_push_services, _accepted),
    ((200, 201, 202, 204), _always, _retry(Why.NOT_A_PUSH_SERVICE)),
    (range(300, 400), _always, _retry(Why.REDIRECT)),
    ((400,), _names_our_key, _refused(RefusedFor.VAPID)),
    ((401, 403), _always, _refused(RefusedFor.VAPID)),
    ((404, 410), _always, _gone),
    ((406,), _is_throttled, _slow_down),
    ((429,), _always, _slow_down),
    ((413,), _always, _refused(RefusedFor.TOO_LARGE)),
    ((408, 425), _always, _their_trouble),
    (range(400, 500), _always, _refused(RefusedFor.REQUEST)),
)
