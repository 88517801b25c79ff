"""When a push is tried again, and when it is given up."""

import random
from datetime import datetime, timedelta

FIRST_DELAY = timedelta(seconds=10)
LONGEST_DELAY = timedelta(minutes=15)
MOST_ATTEMPTS = 20
GIVEN_UP_AFTER = timedelta(hours=4)


def delay(attempt: int, asked_seconds: float | None = None, *, waited: timedelta = timedelta(0)) -> timedelta:
    """Half to all of a doubling time, so that many that failed together do not come back together; never sooner than
    the push service asked for. Where an attempt is not counted, the time that was waited already doubles instead."""
    longest = min(LONGEST_DELAY, max(FIRST_DELAY * 2 ** min(attempt - 1, 20), waited))
    chosen: timedelta = longest * random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
    return max(chosen, timedelta(seconds=asked_seconds or 0))


def is_over(attempt: int, first_attempt_at: datetime, expires_at: datetime, next_at: datetime) -> bool:
    """The next attempt would be one too many, or too late to be of use. What had to wait for its first attempt, because
    no address was given or the machine was off, has lost nothing by that."""
    return attempt >= MOST_ATTEMPTS or next_at >= expires_at or next_at - first_attempt_at > GIVEN_UP_AFTER
