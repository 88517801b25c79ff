"""What happened to pushes that were taken, and is to be written down."""

from typing import NamedTuple

from webpush_app.delivery.claims import Claimed, Returned
from webpush_app.delivery.gate import Change
from webpush_app.delivery.preparing import Ready
from webpush_app.protocol.answers import Outcome


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
