"""Write down what happened, in groups: for the rows, for the browsers, for the push services, and for the operator.

All of a group stands or falls together. A database that is busy is asked again: an answer that is lost is a push that
is sent twice.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from webpush_app import clock
from webpush_app.database import begin_write, db
from webpush_app.delivery import alerts, claims, pauses, policy
from webpush_app.delivery.alerts import AlertKind
from webpush_app.delivery.claims import Returned, Settled
from webpush_app.delivery.gate import Closed, GoneWave, Opened
from webpush_app.delivery.happened import Answered, Happened
from webpush_app.delivery.policy import For
from webpush_app.delivery.preparing import CRASHED
from webpush_app.errors import DatabaseBusy
from webpush_app.logs import line
from webpush_app.protocol.answers import Refused, RefusedFor, RetryLater, SubscriptionGone
from webpush_app.subscriptions import standing
from webpush_app.subscriptions.models import Off
from webpush_app.subscriptions.push_services import Pause

log = logging.getLogger(__name__)

# Of a database that stays busy. Whoever waits longer has lost the lease anyway.
MOST_TRIES = 12
_ALERTS = {Pause.BROKEN: AlertKind.HOST_DOWN, Pause.OUR_KEY: AlertKind.OUR_KEY}
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
    settled = [*also, *(policy.settled(one, is_renewed=one.row.subscription_id in renewed) for one in answered)]
    kept = claims.settle(settled) if settled else set()
    claims.give_back([one for one in happened if isinstance(one, Returned)])
    _tell_browsers(answered)
    _tell_operator(answered, settled)
    for one in happened:
        match one:
            case Closed():
                _pause(one)
            case Opened():
                _resume(one)
            case GoneWave():
                alerts.raise_alert(AlertKind.GONE_WAVE, one.host, one.said)
    db.session.commit()
    if len(kept) < len(settled):
        log.warning(line("settled_by_another_worker", number=len(settled) - len(kept), why="this one was too slow"))
    return len(kept)


def _renewed(gone: Sequence[Answered]) -> set[int]:
    """The browsers that have posted again meanwhile: what was for them goes to the address that they have now."""
    return standing.posted_again(_browsers(gone), _claimed_at(gone)) if gone else set()


def _pause(change: Closed) -> None:
    pauses.pause(change.service_id, change.because, asked_until=change.asked_until, usual_rate=change.usual_rate)
    if kind := _ALERTS.get(change.because):
        alerts.raise_alert(kind, change.host, change.said)


def _resume(change: Opened) -> None:
    pauses.resume(change.service_id)
    for kind in _ALERTS.values():
        alerts.end_alert(kind, change.host)


def _tell_operator(answered: Sequence[Answered], settled: Sequence[Settled]) -> None:
    for one in answered:
        match one.outcome:
            case Refused(why=RefusedFor.TOO_LARGE):
                alerts.raise_alert(AlertKind.TOO_LARGE, one.host, f"push {one.ready.row.id}")
    for ended in settled:
        if ended.reason == CRASHED:
            alerts.raise_alert(AlertKind.CRASHES, "", f"push {ended.row.id}")


def _tell_browsers(answered: Sequence[Answered]) -> None:
    meant: dict[For, list[Answered]] = {}
    for one in answered:
        what = policy.for_the_browser(one)
        if what is not For.NOTHING:
            meant.setdefault(what, []).append(one)
    for what, because in _OFF.items():
        _turn_off(meant.get(what, ()), because)
    if struck := meant.get(For.STRIKE):
        over = standing.strike(_browsers(struck), claimed_at=_claimed_at(struck))
        _turn_off([one for one in struck if one.accepts_others and one.ready.row.subscription_id in over], Off.REFUSED)
    if well := meant.get(For.WELL):
        standing.forgive(_browsers(well))
    if held := meant.get(For.HOLD):
        standing.hold({one.ready.row.subscription_id: clock.now() + _asked(one) for one in held})


def _turn_off(answered: Sequence[Answered], because: Off) -> None:
    if answered:
        standing.turn_off(_browsers(answered), because, claimed_at=_claimed_at(answered))


def _browsers(answered: Sequence[Answered]) -> list[int]:
    return [one.ready.row.subscription_id for one in answered]


def _claimed_at(answered: Sequence[Answered]) -> datetime:
    """The earliest: who posted again after that is not turned off for what was sent before."""
    return min(one.ready.claimed_at for one in answered)


def _asked(one: Answered) -> timedelta:
    seconds = one.outcome.after_seconds if isinstance(one.outcome, RetryLater) else None
    return timedelta(seconds=seconds or 0)
