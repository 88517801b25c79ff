"""What happened to pushes that were taken, and is to be written down."""

from typing import NamedTuple

from webpush_app.delivery.claims import Claimed, Returned
from webpush_app.delivery.gate import Change
from webpush_app.delivery.preparing import Ready
from webpush_app.protocol.answers import Outcome, Refused, RefusedFor


class Answered(NamedTuple):
    ready: Ready
    outcome: Outcome
    accepts_others: bool
    host: str
    seconds: float

    @property
    def row(self) -> Claimed:
        return self.ready.row


Happened = Answered | Returned | Change


def is_about_the_service(one: Ready, outcome: Outcome) -> bool:
    """Not where nobody was asked, and not where a key is refused that is not our current one."""
    if not isinstance(outcome, Refused):
        return True
    return outcome.status is not None and not (outcome.why is RefusedFor.VAPID and one.is_old_key)
