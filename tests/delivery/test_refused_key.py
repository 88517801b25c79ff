"""Our key is refused, and few are there to say so: the operator is told, and nobody is asked without end."""

from typing import Any

import pytest

from tests.delivery.conftest import StandingClock
from tests.delivery.memory import SLOW, WELL, Memory
from tests.delivery.outgoing import Device, Outgoing
from tests.people import People
from webpush_app.delivery import alerts
from webpush_app.delivery.changes import Closed, KeyRefused, KeyTaken, Opened, Untried
from webpush_app.delivery.models import Lane, State
from webpush_app.protocol.answers import Outcome, Refused, RefusedFor, RetryLater, SubscriptionGone, Why

REFUSED = Refused(403, "BadJwtToken", RefusedFor.VAPID)
HOUR = 3600
STEP_SECONDS = 5


def deliver_for(outgoing: Outgoing, clock: StandingClock, seconds: float) -> None:
    for _step in range(int(seconds / STEP_SECONDS)):
        outgoing.deliver()
        clock.advance(STEP_SECONDS)


def open_alerts(outgoing: Outgoing) -> list[tuple[str, str]]:
    with outgoing.app.app_context():
        return [(alert.kind, alert.said) for alert in alerts.list_open()]


@pytest.fixture
def devices(people: People, outgoing: Outgoing) -> list[Device]:
    """Susan's two, and a message for them."""
    susan = people("susan")
    made = [outgoing.device(susan) for _ in range(2)]
    people.write(people("john"), susan, "hello")
    return made


def test_the_operator_is_told_once_and_nobody_is_asked_without_end_and_all_is_sent_afterwards(
    devices: list[Device], outgoing: Outgoing, clock: StandingClock, caplog: pytest.LogCaptureFixture
) -> None:
    for device in devices:
        device.subscribed.answer_with(403)
    deliver_for(outgoing, clock, 60)
    assert open_alerts(outgoing) == [], "a moment's refusal needs nobody"
    deliver_for(outgoing, clock, 3 * HOUR)
    assert open_alerts(outgoing) == [("our_key", "403")]
    assert caplog.text.count("event=raised") == 1
    asked = [len(device.subscribed.received) for device in devices]
    # Each attempt makes a new signature once and tries again at once.
    assert all(10 <= number <= 60 for number in asked), asked
    assert all(outgoing.is_on(device) for device in devices)
    assert set(outgoing.states()) == {State.QUEUED}

    for device in devices:
        device.subscribed.answer_with(201)
    deliver_for(outgoing, clock, 900)
    assert set(outgoing.states()) == {State.ACCEPTED}
    assert open_alerts(outgoing) == []


def test_it_is_given_up_after_its_hours_as_everything_is(
    devices: list[Device], outgoing: Outgoing, clock: StandingClock
) -> None:
    for device in devices:
        device.subscribed.answer_with(403)
    deliver_for(outgoing, clock, 4 * HOUR + 900)
    assert {(row.state, row.reason) for row in outgoing.rows()} == {(State.FAILED, "given_up_vapid")}
    assert all(outgoing.is_on(device) for device in devices)


def test_an_attempt_that_does_not_count_is_the_first_one_for_ever(
    devices: list[Device], outgoing: Outgoing, clock: StandingClock
) -> None:
    """Also where it is looked through again and again and not chosen; and not where it is sent again by hand."""
    for device in devices:
        device.subscribed.answer_with(403)
    outgoing.deliver()
    began = clock.moment
    for _time in range(3):
        clock.advance(1000)
        with outgoing.app.app_context():
            assert outgoing.dispatcher.take() == 2
            outgoing.dispatcher.hand_back()
            outgoing.dispatcher.flow.close()
            while outgoing.dispatcher.settle():
                pass
            outgoing.dispatcher.flow.is_closed = False
    assert {row.first_attempt_at for row in outgoing.rows()} == {began}
    outgoing.change(1, first_attempt_at=None)
    outgoing.change(2, first_attempt_at=None, answered_at=None)
    with outgoing.app.app_context():
        outgoing.dispatcher.take()
        outgoing.dispatcher.flow.close()
        while outgoing.dispatcher.settle():
            pass
    assert [row.first_attempt_at for row in outgoing.rows()] == [None, None]


TOLD = KeyRefused(SLOW, "push1.example.org", "403 BadJwtToken", True)
TAKEN = KeyTaken(SLOW, "push1.example.org")


def test_each_says_it_once_until_it_takes_the_key_itself(memory: Memory) -> None:
    """Else one that is refused for a reason of its own would have the operator told again after every other push."""
    assert memory.answer(REFUSED, browser=1) == []
    memory.clock.advance(59)
    assert memory.answer(REFUSED, browser=1) == []
    memory.clock.advance(1)
    assert memory.answer(REFUSED, browser=1) == [TOLD]
    memory.clock.advance(60)
    assert memory.answer(REFUSED, browser=1) == []
    assert memory.answer(WELL, browser=2) == [TAKEN]
    assert memory.answer(WELL, browser=2) == []
    for _time in range(5):
        assert memory.answer(REFUSED, browser=1) == []
        memory.clock.advance(60)
    memory.answer(WELL, browser=1)
    for told in ([], [TOLD]):
        assert memory.answer(REFUSED, browser=1) == told
        memory.clock.advance(60)


def test_what_was_refused_before_it_was_taken_is_no_beginning(memory: Memory) -> None:
    memory.answer(REFUSED, browser=1)
    memory.clock.advance(60)
    memory.answer(WELL, browser=2)
    assert [memory.answer(REFUSED, browser=number) for number in (1, 3)] == [[], []]


def test_while_most_of_what_it_answers_is_yes_nobody_is_told(memory: Memory) -> None:
    """Also where that is long ago: it is one browser that is refused."""
    for number in range(20):
        memory.answer(WELL, browser=10 + number)
    for _time in range(9):
        assert memory.answer(REFUSED, browser=1) == []
        memory.clock.advance(60)
    assert memory.answer(REFUSED, browser=1) == [TOLD]


def test_whose_browsers_never_took_a_push_says_it_once_for_all(memory: Memory) -> None:
    """They could be lying about their key; the operator is not told for ever."""
    liar: dict[str, Any] = {"owner": 7, "proven": False}
    said = []
    for browser in range(5):
        memory.answer(REFUSED, browser=browser, **liar)
        memory.clock.advance(60)
        said += memory.answer(REFUSED, browser=browser, **liar)
        memory.answer(WELL, browser=50)
    assert [type(one) for one in said] == [KeyRefused]


def test_that_an_old_key_is_taken_says_nothing_of_the_new_one(memory: Memory) -> None:
    assert memory.answer(WELL, old=True) == []
    memory.answer(REFUSED)
    assert memory.answer(WELL, old=True) == []
    assert memory.answer(WELL) == [TAKEN]


def test_unless_nothing_but_an_old_key_was_refused(memory: Memory) -> None:
    """After a rotation most browsers have the older one, and some come back for the new one never."""
    memory.answer(WELL)
    for _time in range(25):
        memory.answer(REFUSED, old=True, browser=1)
    assert memory.answer(WELL, old=True) == [TAKEN]


def test_whether_anything_was_ever_accepted_there_is_known_by_its_browsers(memory: Memory) -> None:
    """A worker that has just begun has seen nothing itself."""
    for proven in (False, True):
        memory.meet(paused=(SLOW,))
        memory.flow.try_one(SLOW)
        [closed] = memory.answer(RetryLater(503, "", Why.THEIR_TROUBLE), proven=proven)
        assert isinstance(closed, Closed)
        assert closed.has_accepted is proven


def test_what_another_worker_found_out_is_ended_by_whoever_finds_it_over(memory: Memory) -> None:
    assert memory.answer(WELL) == [TAKEN]
    memory.meet(paused=(SLOW,))
    memory.flow.try_one(SLOW, is_about_our_key=True)
    assert [type(one) for one in memory.answer(WELL)] == [KeyTaken, Opened]


@pytest.mark.parametrize(
    "outcome", [SubscriptionGone(410, ""), Refused(400, "", RefusedFor.REQUEST), Refused(413, "", RefusedFor.TOO_LARGE)]
)
def test_that_our_key_is_taken_again_is_shown_by_nothing_but_a_push_that_is_accepted(
    memory: Memory, outcome: Outcome
) -> None:
    memory.meet(paused=(SLOW,))
    memory.flow.try_one(SLOW, is_about_our_key=True)
    assert memory.answer(outcome) == [Untried(SLOW)]
    assert memory.flow.room(SLOW, Lane.PERSONAL) == 0
    memory.flow.try_one(SLOW, is_about_our_key=True)
    assert [type(one) for one in memory.answer(WELL)] == [KeyTaken, Opened]
