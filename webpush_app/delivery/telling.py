"""What an operator is told of what happened to pushes. Raised and ended where that is written down, in one transaction,
and last of all: it takes the clocks of the admins, and another worker may have a push service and want those."""

from collections.abc import Iterator, Sequence

from webpush_app.delivery import alerts, policy
from webpush_app.delivery.alerts import AlertKind
from webpush_app.delivery.changes import (
    Change,
    Closed,
    GoneWave,
    HostFails,
    HostWell,
    KeyRefused,
    KeyTaken,
    Opened,
    in_words,
)
from webpush_app.delivery.claims import Returned, Settled
from webpush_app.delivery.happened import Answered
from webpush_app.delivery.preparing import CRASHED
from webpush_app.protocol.answers import Refused, RefusedFor, RetryLater, Why
from webpush_app.subscriptions.keyring import BEGINNING
from webpush_app.subscriptions.push_services import Pause, is_below_a_wildcard

_OF_A_PAUSE = {Pause.BROKEN: AlertKind.HOST_DOWN, Pause.OUR_KEY: AlertKind.OUR_KEY}

Trouble = tuple[AlertKind, str, str]
"""Its kind, what it is about, and what was said."""


def tell_operator(
    changes: Sequence[Change], answered: Sequence[Answered], settled: Sequence[Settled], returned: Sequence[Returned]
) -> None:
    # Once of each trouble, however many of these pushes met it; and first, for some of it may be over by these changes.
    met: dict[tuple[AlertKind, str], str] = {}
    for kind, about, said in _troubles(answered, settled, returned):
        met.setdefault((kind, about), said)
    for (kind, about), said in sorted(met.items()):
        alerts.raise_alert(kind, about, said)
    for change in changes:
        _tell_of_change(change)


def end_alerts(host: str) -> None:
    """Nothing is the matter with it any more. Within the caller's transaction."""
    for kind in _OF_A_PAUSE.values():
        alerts.end_alert(kind, host)


def _tell_of_change(change: Change) -> None:
    match change:
        case Closed(host=host, because=because) if kind := _OF_A_PAUSE.get(because):
            _alert(kind, change)
        case Opened(host=host) | HostWell(host=host):
            alerts.end_alert(AlertKind.HOST_DOWN, host)
        case KeyTaken(_service_id, host):
            alerts.end_alert(AlertKind.OUR_KEY, host)
        case KeyRefused():
            _alert(AlertKind.OUR_KEY, change)
        case HostFails():
            _alert(AlertKind.HOST_DOWN, change)
        case GoneWave(_service_id, host, said):
            alerts.raise_alert(AlertKind.GONE_WAVE, host, said)


def _alert(kind: AlertKind, change: Closed | KeyRefused | HostFails) -> None:
    """Not of a name that somebody may have made up."""
    if change.has_accepted or not is_below_a_wildcard(change.host):
        alerts.raise_alert(kind, change.host, change.said)


def _troubles(
    answered: Sequence[Answered], settled: Sequence[Settled], returned: Sequence[Returned]
) -> Iterator[Trouble]:
    led_away = {ended.row.id for ended in settled if ended.reason == policy.GIVEN_UP_REDIRECT}
    for one in answered:
        yield from _troubles_of(one, is_led_away=one.row.id in led_away)
    for ended in settled:
        if ended.reason == CRASHED:
            yield AlertKind.CRASHES, "", f"push {ended.row.id}"
    for back in returned:
        if back.missing_key is not None:
            yield AlertKind.MISSING_KEY, back.missing_key[:BEGINNING], f"push {back.row.id}"


def _troubles_of(one: Answered, *, is_led_away: bool) -> Iterator[Trouble]:
    match one.outcome:
        case Refused(why=RefusedFor.TOO_LARGE):
            yield AlertKind.TOO_LARGE, one.host, f"push {one.row.id}"
        case RetryLater(why=Why.OUR_ENCRYPTION, said=said):
            yield AlertKind.ENCRYPTION, "", said
        case RetryLater() if is_led_away and not is_below_a_wildcard(one.host):
            yield AlertKind.HOST_DOWN, one.host, in_words(one.outcome)
