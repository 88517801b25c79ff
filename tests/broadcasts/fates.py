"""What can become of a push of a broadcast: how the browser or its push service is made to behave."""

from enum import StrEnum

from sqlalchemy import update

from tests.broadcasts.site import Site
from tests.push.listener import Odd, Reaction
from tests.push.service import PushService, Subscribed
from webpush_app.broadcasts.service import Progress
from webpush_app.database import db
from webpush_app.delivery.models import FINAL, State
from webpush_app.subscriptions.models import PushSubscription


class Fate(StrEnum):
    ACCEPTED = "accepted"
    BUSY_ONCE = "busy once"
    SLOWED_DOWN = "slowed down"
    CUT_OFF = "cut off"
    REFUSED = "refused"
    ALWAYS_BUSY = "always busy"
    GONE = "gone"
    # These three after the rows were written.
    SIGNED_OUT = "signed out"
    REMOVED = "removed"
    OTHER_KEY = "other key"


# Where nearly an hour passes between the rounds, and four hours end it.
ENDS_AS = {
    Fate.ACCEPTED: State.ACCEPTED,
    Fate.BUSY_ONCE: State.ACCEPTED,
    Fate.SLOWED_DOWN: State.ACCEPTED,
    Fate.CUT_OFF: State.ACCEPTED,
    Fate.REFUSED: State.FAILED,
    Fate.ALWAYS_BUSY: State.EXPIRED,
    Fate.GONE: State.GONE,
    Fate.SIGNED_OUT: State.DROPPED,
    Fate.REMOVED: State.DROPPED,
    Fate.OTHER_KEY: State.EXPIRED,
}
_ANSWERS: dict[Fate, tuple[int | Reaction, ...]] = {
    Fate.BUSY_ONCE: (503, 201),
    Fate.SLOWED_DOWN: (429, 201),
    Fate.CUT_OFF: (Odd.RESET, 201),
    Fate.REFUSED: (400,),
    Fate.ALWAYS_BUSY: (503,),
}


def subscribe(site: Site, service: PushService, key: str, fate: Fate) -> int:
    """A browser that this will happen to; its number."""
    subscribed: Subscribed = service.subscribe(key)
    if fate in _ANSWERS:
        subscribed.answer_with(*_ANSWERS[fate])
    if fate is Fate.GONE:
        subscribed.unsubscribe()
    return site.browser(given=subscribed.to_json())


def happen(site: Site, browser: int, fate: Fate) -> None:
    """What happens between the fan-out and the delivery."""
    if fate is Fate.SIGNED_OUT:
        site.turn_off(browser)
    elif fate is Fate.REMOVED:
        site.remove(browser)
    elif fate is Fate.OTHER_KEY:
        other = update(PushSubscription).where(PushSubscription.id == browser).values(vapid_public_key="other")
        site.writing(lambda: db.session.execute(other))


def check(site: Site, broadcast: int) -> Progress:
    """The tally says what the rows say, and the page what the tally says."""
    states, tally, progress = site.states(broadcast), site.tally(broadcast), site.progress(broadcast)
    assert {state: tally[state] for state in FINAL} == {state: states[state] for state in FINAL}
    assert tally[State.QUEUED] == states.total() == progress.total
    waiting = states[State.QUEUED] + states[State.SENDING]
    assert (progress.accepted, progress.waiting) == (states[State.ACCEPTED], waiting)
    assert progress.failed == states.total() - states[State.ACCEPTED] - waiting
    assert progress.is_done == (waiting == 0)
    return progress
