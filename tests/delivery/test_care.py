"""After an outage a push service is sent to with care, whoever has seen the outage."""

from itertools import pairwise

import pytest

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Outgoing
from tests.people import People
from tests.push.service import PushService
from webpush_app.database import begin_write, db
from webpush_app.delivery import pauses
from webpush_app.delivery.pace import COUNTED_SECONDS
from webpush_app.protocol.transport import Transport
from webpush_app.subscriptions.push_services import PushService as Row

BROWSERS = 12


def resume(outgoing: Outgoing, clock: StandingClock) -> float:
    """When the pause is over; the usual rate."""
    with outgoing.app.app_context():
        row = db.session.query(Row).one()
        clock.advance_to(row.paused_until or clock.moment)
        begin_write()
        usual = pauses.resume(row.id).usual_rate
        db.session.commit()
        return usual


def test_a_worker_that_has_not_seen_the_outage_sends_no_more_than_twice_the_usual(
    people: People,
    outgoing: Outgoing,
    service: PushService,
    transport: Transport,
    clock: StandingClock,
) -> None:
    """What another one was used to send is known to all."""
    devices = [outgoing.device(None) for _ in range(BROWSERS)]
    outgoing.broadcast(people("boss", is_admin=True))
    outgoing.deliver()
    clock.advance(60)
    for device in devices:
        device.subscribed.answer_with(503, *[201] * 9)
    outgoing.broadcast(1)
    outgoing.deliver()
    assert resume(outgoing, clock) == pytest.approx(BROWSERS / COUNTED_SECONDS, rel=0.02)
    other_worker = Outgoing(outgoing.app, service, transport)
    sent = [len(service.received)]
    for _second in range(4):
        other_worker.deliver()
        sent.append(len(service.received))
        clock.advance(1)
    assert max(later - before for before, later in pairwise(sent)) <= 2 * BROWSERS / COUNTED_SECONDS
    assert sent[0] < sent[-1] < sent[0] + BROWSERS
