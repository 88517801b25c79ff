"""What happened to pushes that were taken, and is to be written down."""

import ipaddress
from datetime import datetime
from typing import NamedTuple

from webpush_app.delivery.changes import Change, Who, browser
from webpush_app.delivery.claims import Claimed, Returned
from webpush_app.delivery.doubted_key import refuses_our_key
from webpush_app.delivery.gate import Gate
from webpush_app.delivery.preparing import Ready
from webpush_app.protocol.answers import Outcome, Refused, RefusedFor, RetryLater, Why
from webpush_app.protocol.endpoints import is_public


class Answered(NamedTuple):
    ready: Ready
    outcome: Outcome
    accepts_others: bool
    took_another_at: datetime | None
    """Of a refusal: when a push to another browser was last accepted there."""
    host: str
    seconds: float

    @property
    def row(self) -> Claimed:
        return self.ready.row


Happened = Answered | Returned | Change


def who_says_so(one: Ready, outcome: Outcome, gate: Gate) -> Who:
    """Who counts once, of those that say that their service is in trouble. That a key of ours is refused may be the
    browser's own lie about its key, and patience may be asked for one device under many names: there its owner counts
    once, whatever number of browsers they post. Where everybody is refused no lie can do any harm."""
    match outcome:
        case RetryLater(why=Why.SLOW_DOWN):
            return _owner(one)
        case Refused(why=RefusedFor.VAPID) if not one.is_proven and not gate.refuses_everybody:
            return _owner(one)
        case _:
            return browser(one.row.subscription_id)


def is_about_the_service(one: Ready, outcome: Outcome, gate: Gate) -> bool:
    """Not where nobody was asked; and not where a key is refused that is not our current one, unless everybody is
    refused."""
    if gate.says_nothing_by(outcome):
        return False
    if not isinstance(outcome, Refused):
        return not (isinstance(outcome, RetryLater) and outcome.why is Why.OUR_ENCRYPTION)
    is_its_own = one.is_old_key and refuses_our_key(outcome) and gate.accepts_others
    return outcome.status is not None and not is_its_own


def _owner(one: Ready) -> Who:
    """An address that is not public is of a proxy or of a network behind one, and says of nobody who they are."""
    is_somebody = isinstance(one.owner, int) or _is_public(one.owner)
    return one.owner if is_somebody else browser(one.row.subscription_id)


def _is_public(address: str) -> bool:
    """Of IPv6 it is a network."""
    try:
        return is_public(str(ipaddress.ip_network(address).network_address))
    except ValueError:
        return False
