"""Write down what happened, in groups: for the rows, for the browsers and for the push services; and tell the operator.

All of a group stands or falls together. A database that is busy is asked again: an answer that is lost is a push that
is sent twice.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from webpush_app import clock
from webpush_app.database import begin_write, db
from webpush_app.delivery import claims, pauses, policy
from webpush_app.delivery.changes import Change, Closed, Opened, Untried
from webpush_app.delivery.claims import Returned, Settled
from webpush_app.delivery.happened import Answered, Happened
from webpush_app.delivery.policy import For
from webpush_app.delivery.telling import tell_operator
from webpush_app.errors import DatabaseBusy
from webpush_app.logs import line
from webpush_app.protocol.answers import RetryLater, SubscriptionGone, Why
from webpush_app.subscriptions import standing
from webpush_app.subscriptions.models import Off
from webpush_app.subscriptions.standing import SentTo

log = logging.getLogger(__name__)

# Of a database that stays busy. Whoever waits longer has lost the lease anyway.
MOST_TRIES = 12
_OFF = {For.GONE: Off.GONE, For.UNUSABLE: Off.UNUSABLE, For.OLD_KEY: Off.OLD_KEY}


def write_down(happened: Sequence[Happened], also: Sequence[Settled] = ()) -> int:
    """Commits. Returns how many pushes were settled; `also` are those that nobody was asked about."""
    for number in range(MOST_TRIES):
        try:
            return _write_once(happened, also)
        except DatabaseBusy:
            if number == MOST_TRIES - 1:
                raise
    return 0


def _write_once(happened: Sequence[Happened], also: Sequence[Settled]) -> int:
    begin_write()
    answered = [one for one in happened if isinstance(one, Answered)]
    renewed = _renewed([one for one in answered if isinstance(one.outcome, SubscriptionGone)])
    led_away = _led_away([one.row.id for one in answered if policy.is_redirect(one.outcome)])
    settled = [*also, *(_settled(one, renewed, led_away) for one in answered)]
    kept = claims.settle(settled) if settled else set()
    returned = [one for one in happened if isinstance(one, Returned)]
    claims.give_back(returned)
    _tell_browsers(answered)
    changes = [one for one in happened if isinstance(one, Change)]
    _note_changes(changes)
    tell_operator(changes, answered, settled, returned)
    db.session.commit()
    if len(kept) < len(settled):
        log.warning(line("settled_by_another_worker", number=len(settled) - len(kept), why="this one was too slow"))
    return len(kept)


def _settled(one: Answered, renewed: Collection[int], led_away: Collection[int]) -> Settled:
    is_renewed = one.row.subscription_id in renewed
    return policy.settled(one, is_renewed=is_renewed, is_led_away=one.row.id in led_away)


def _led_away(push_ids: Collection[int]) -> set[int]:
    """Those for which this is the last redirect that is put up with."""
    return claims.answered_before(push_ids, Why.REDIRECT, policy.MOST_REDIRECTS - 1) if push_ids else set()


def _renewed(gone: Sequence[Answered]) -> set[int]:
    """The browsers that have posted again meanwhile: what was for them goes to the address that they have now."""
    return standing.posted_again(_sent_to(gone), _claimed_at(gone)) if gone else set()


def _note_changes(changes: Sequence[Change]) -> None:
    """In one order for all workers: two that find out about several must not wait for each other."""
    for change in sorted(changes, key=lambda one: one.service_id):
        match change:
            case Closed(service_id, _host, because, asked_until, usual_rate):
                pauses.pause(service_id, because, asked_until=asked_until, usual_rate=usual_rate)
            case Opened(service_id):
                pauses.resume(service_id)
            case Untried(service_id):
                pauses.end_probe(service_id)


def _tell_browsers(answered: Sequence[Answered]) -> None:
    meant: dict[For, list[Answered]] = {}
    for one in answered:
        what = policy.for_the_browser(one)
        if what is not For.NOTHING:
            meant.setdefault(what, []).append(one)
    for what, because in _OFF.items():
        _turn_off(meant.get(what, ()), because)
    if struck := meant.get(For.STRIKE):
        over = standing.strike(_sent_to(struck), claimed_at=_claimed_at(struck))
        _turn_off([one for one in struck if one.accepts_others and _has_had_enough(one, over)], Off.REFUSED)
    if well := meant.get(For.WELL):
        standing.forgive([one.ready.row.subscription_id for one in well])
        standing.prove(_sent_to(well), _claimed_at(well))
    if held := meant.get(For.HOLD):
        standing.hold({one.ready.row.subscription_id: clock.now() + _asked(one) for one in held})


def _has_had_enough(one: Answered, over: Mapping[int, datetime]) -> bool:
    first = over.get(one.row.subscription_id)
    return first is not None and policy.took_another_since(one, first)


def _turn_off(answered: Sequence[Answered], because: Off) -> None:
    if answered:
        standing.turn_off(_sent_to(answered), because, claimed_at=_claimed_at(answered))


def _sent_to(answered: Sequence[Answered]) -> list[SentTo]:
    return [SentTo(one.ready.row.subscription_id, one.ready.subscription.endpoint) for one in answered]


def _claimed_at(answered: Sequence[Answered]) -> datetime:
    """The earliest: who posted again after that is not turned off for what was sent before."""
    return min(one.ready.claimed_at for one in answered)


def _asked(one: Answered) -> timedelta:
    seconds = one.outcome.after_seconds if isinstance(one.outcome, RetryLater) else None
    return timedelta(seconds=seconds or 0)
