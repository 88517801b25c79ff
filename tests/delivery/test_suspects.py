"""What a lost worker left behind is one push's fault: while it is found out whose, few others are beside it."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.delivery.conftest import StandingClock
from tests.delivery.outgoing import Outgoing
from tests.push.service import GOOGLE
from webpush_app.database import begin_write, db
from webpush_app.delivery import pauses
from webpush_app.delivery.claims import Share, claim_due
from webpush_app.delivery.models import Lane, State
from webpush_app.delivery.taking import SUSPECTS_TOGETHER
from webpush_app.subscriptions.push_services import Pause
from webpush_app.subscriptions.push_services import PushService as Row

LEASE_SECONDS = 60
PAUSED_SECONDS = 30
FIRST, SECOND = 1, 2


@pytest.fixture
def browsers(outgoing: Outgoing) -> dict[int, int]:
    """One at each of two push services."""
    return {FIRST: outgoing.device(None).id, SECOND: outgoing.device(None, host=GOOGLE).id}


def leave_behind(
    outgoing: Outgoing, clock: StandingClock, browsers: dict[int, int], service_id: int, number: int, **given: Any
) -> None:
    left = {"state": State.SENDING, "attempts": 1, "lease_token": "of a lost worker"}
    where = {"subscription_id": browsers[service_id], "service_id": service_id, "kind": "test"}
    outgoing.fill(number, **{**left, **where, "due_at": clock.moment - timedelta(seconds=1), **given})


def pause(outgoing: Outgoing, *service_ids: int) -> None:
    with outgoing.app.app_context():
        begin_write()
        for service_id in service_ids:
            pauses.pause(service_id, Pause.BROKEN, asked_until=None, usual_rate=0.0)
        db.session.commit()


def tried(outgoing: Outgoing) -> list[int]:
    """The push services that somebody is trying."""
    with outgoing.app.app_context():
        return [row.id for row in db.session.query(Row).order_by(Row.id) if row.probed_until is not None]


def accepted(outgoing: Outgoing) -> Counter[int]:
    return Counter(row.service_id for row in outgoing.rows() if row.state == State.ACCEPTED)


def test_the_next_one_is_taken_when_the_last_one_is_written_down_and_not_before(
    outgoing: Outgoing, clock: StandingClock
) -> None:
    """Or the worker that dies of it takes the one before down with it, each time, until that is set aside as well."""
    outgoing.fill(2, kind="test", subscription_id=outgoing.device(None).id)
    dispatcher = outgoing.dispatcher
    with outgoing.app.app_context():
        for is_suspect in (False, True):
            claim_due([Share(1, Lane.PERSONAL, 2, is_suspect)])
            clock.advance(LEASE_SECONDS)
        assert dispatcher.take() == 1
        dispatcher.send(until_empty=True)
        assert dispatcher.take() == 0, "it is answered, and nobody has written that down"
        dispatcher.room_came.clear()
        assert dispatcher.settle() > 0
        assert dispatcher.room_came.is_set()
        assert dispatcher.take() == 1
        dispatcher.send(until_empty=True)
        dispatcher.settle()
    assert outgoing.states() == [State.ACCEPTED] * 2


@pytest.mark.parametrize("paused", [(FIRST, SECOND), (SECOND,)], ids=["both are tried", "one is tried"])
def test_no_service_is_tried_with_one_while_another_one_is_out(
    outgoing: Outgoing, clock: StandingClock, browsers: dict[int, int], paused: tuple[int, ...]
) -> None:
    for service_id in browsers:
        leave_behind(outgoing, clock, browsers, service_id, 1, crashes=1)
    pause(outgoing, *paused)
    clock.advance(PAUSED_SECONDS)
    with outgoing.app.app_context():
        assert outgoing.dispatcher.take() == 1
        assert outgoing.dispatcher.take() == 0
    assert tried(outgoing) == [service_id for service_id in paused if service_id == FIRST]
    outgoing.deliver_batch()
    assert accepted(outgoing) == {FIRST: 1}
    outgoing.deliver()
    assert accepted(outgoing) == {FIRST: 1, SECOND: 1}


def test_a_service_is_tried_with_what_is_due_while_a_suspect_is_out(
    outgoing: Outgoing, clock: StandingClock, browsers: dict[int, int]
) -> None:
    for service_id in browsers:
        leave_behind(outgoing, clock, browsers, service_id, 1, crashes=1)
    leave_behind(outgoing, clock, browsers, FIRST, 1, state=State.QUEUED, lease_token=None)
    pause(outgoing, FIRST)
    clock.advance(PAUSED_SECONDS)
    with outgoing.app.app_context():
        assert outgoing.dispatcher.take() == 2
    outgoing.deliver_batch()
    assert accepted(outgoing) == {FIRST: 1, SECOND: 1}


def test_those_of_a_service_that_is_spared_hold_up_nobody_elses(
    outgoing: Outgoing, clock: StandingClock, browsers: dict[int, int]
) -> None:
    for service_id in browsers:
        leave_behind(outgoing, clock, browsers, service_id, 1)
    pause(outgoing, FIRST)
    assert outgoing.deliver_batch() == 1
    assert accepted(outgoing) == {SECOND: 1}


def test_those_of_a_service_for_which_there_is_no_room_hold_up_nobody_elses(
    outgoing: Outgoing, clock: StandingClock, browsers: dict[int, int]
) -> None:
    outgoing.fill(40, kind="test", subscription_id=browsers[FIRST])
    with outgoing.app.app_context():
        assert outgoing.dispatcher.take() == 32
        for service_id in browsers:
            leave_behind(outgoing, clock, browsers, service_id, 1)
        clock.advance(1)  # when it is looked for them again
        assert outgoing.dispatcher.take() == 1


def test_what_is_personal_is_first_whatever_service_it_is_for(
    outgoing: Outgoing, clock: StandingClock, browsers: dict[int, int]
) -> None:
    leave_behind(outgoing, clock, browsers, FIRST, 5, lane=int(Lane.BROADCAST))
    leave_behind(outgoing, clock, browsers, SECOND, 1)
    assert outgoing.deliver_batch() == 1
    assert accepted(outgoing) == {SECOND: 1}
    assert outgoing.deliver_batch() == 5


def test_services_take_turns(outgoing: Outgoing, clock: StandingClock, browsers: dict[int, int]) -> None:
    """Where one is slow, those of the others wait for no more than one group of its own."""
    for service_id in browsers:
        leave_behind(outgoing, clock, browsers, service_id, 2 * SUSPECTS_TOGETHER)
    leave_behind(outgoing, clock, browsers, FIRST, 1, lane=int(Lane.BROADCAST))
    for so_far in ({FIRST: 1}, {FIRST: 1, SECOND: 1}, {FIRST: 2, SECOND: 1}, {FIRST: 2, SECOND: 2}):
        assert outgoing.deliver_batch() == SUSPECTS_TOGETHER
        assert accepted(outgoing) == {number: groups * SUSPECTS_TOGETHER for number, groups in so_far.items()}
