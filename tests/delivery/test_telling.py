"""What is told together, told in an order that leaves no alert behind."""

import pytest
from flask import Flask

from tests.delivery.conftest import StandingClock
from tests.delivery.memory import SLOW, Memory
from webpush_app.database import begin_write, db
from webpush_app.delivery import alerts
from webpush_app.delivery.changes import Change, HostFails, HostWell
from webpush_app.delivery.claims import Settled
from webpush_app.delivery.happened import Answered
from webpush_app.delivery.models import Lane, State
from webpush_app.delivery.policy import GIVEN_UP_REDIRECT
from webpush_app.delivery.telling import tell_operator
from webpush_app.protocol.answers import RetryLater, Why

HOST = "push.example.org"


@pytest.mark.parametrize(
    ("change", "still_open"),
    [(HostWell(SLOW, HOST), []), (HostFails(SLOW, HOST, "503", has_accepted=True), ["host_down"])],
)
def test_a_service_that_is_well_again_in_the_same_moment_needs_nobody(
    app: Flask, clock: StandingClock, change: Change, still_open: list[str]
) -> None:
    """It led somebody elsewhere once too often, and then took another's push: nobody would end that alert later."""
    ready = Memory(clock).ready(SLOW, Lane.PERSONAL)
    answered = Answered(ready, RetryLater(302, "", Why.REDIRECT), True, None, HOST, 0.1)
    settled = Settled(ready.row, State.FAILED, GIVEN_UP_REDIRECT, 302)
    with app.app_context():
        begin_write()
        tell_operator([change], [answered], [settled], [])
        db.session.commit()
        assert [alert.kind for alert in alerts.list_open()] == still_open
