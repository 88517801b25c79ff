"""What a lost worker left behind is one push's fault: while it is found out whose, nothing is beside it."""

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Outgoing
from webpush_app.delivery.claims import Share, claim_due
from webpush_app.delivery.models import Lane, State

LEASE_SECONDS = 60


def test_the_next_one_is_taken_when_the_last_one_is_written_down_and_not_before(
    outgoing: Outgoing, clock: StandingClock
) -> None:
    """Or the worker that dies of it takes the one before down with it, each time, until that is set aside as well."""
    outgoing.fill(2, kind="test", subscription_id=outgoing.device(None).id)
    dispatcher = outgoing.dispatcher
    with outgoing.app.app_context():
        claim_due([Share(1, Lane.PERSONAL, 2)])
        clock.advance(LEASE_SECONDS)
        assert dispatcher.take() == 1
        dispatcher.send(until_empty=True)
        assert dispatcher.take() == 0, "it is answered, and nobody has written that down"
        dispatcher.room_came.clear()
        assert dispatcher.settle() == 1
        assert dispatcher.room_came.is_set()
        assert dispatcher.take() == 1
        dispatcher.send(until_empty=True)
        dispatcher.settle()
    assert outgoing.states() == [State.ACCEPTED] * 2
