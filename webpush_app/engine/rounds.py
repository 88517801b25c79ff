"""The round that keeps the tables small: what of each package has to go, for whoever runs it."""

from webpush_app.delivery import tidy
from webpush_app.delivery.housekeeping import HouseKeeping
from webpush_app.notifications.shared_turnstile import forget_turns
from webpush_app.subscriptions import standing

_OF_OTHERS = (standing.forget_gone, forget_turns)


def house_keeping(*, first_seconds: float | None = None) -> HouseKeeping:
    return HouseKeeping(lambda: tidy.steps(*map(tidy.forgetting, _OF_OTHERS)), first_seconds=first_seconds)
