"""Who is told that something is due: the worker of this machine or, where there is a broker, those of all machines."""

from flask import current_app

from webpush_app.broker import BROADCASTS, EXTENSION, MESSAGES
from webpush_app.delivery import doorbell
from webpush_app.delivery.models import Lane

QUEUE_OF = {Lane.PERSONAL: MESSAGES, Lane.BROADCAST: BROADCASTS}


def wake_workers(lane: Lane) -> None:
    """Never waits, and never fails: nobody may be there to hear it."""
    broker = current_app.extensions.get(EXTENSION)
    if broker is None:
        doorbell.ring()
    else:
        broker.wake(QUEUE_OF[lane])
