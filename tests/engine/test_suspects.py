"""What lost workers left behind is sent one by one where two died with it, and all the same soon."""

from datetime import timedelta
from typing import Any

from tests.delivery.outgoing import Outgoing
from tests.engine.processes import wait_until
from tests.engine.running_loop import RunLoop
from webpush_app import clock
from webpush_app.delivery.models import State

LEFT_BEHIND = 12
SOON_SECONDS = 9.0  # one look each would take twelve


def test_many_that_were_left_behind_do_not_wait_for_one_look_each(outgoing: Outgoing, run_loop: RunLoop) -> None:
    device = outgoing.device(None)
    long_ago = clock.now() - timedelta(seconds=1)
    left: dict[str, Any] = {
        "state": State.SENDING,
        "attempts": 1,
        "lease_token": "of a lost worker",
        "crashes": 1,
        "due_at": long_ago,
    }
    outgoing.fill(LEFT_BEHIND, kind="test", subscription_id=device.id, **left)
    run_loop()
    wait_until(lambda: outgoing.states() == [State.ACCEPTED] * LEFT_BEHIND, SOON_SECONDS)
