"""What waits in a worker's memory: whose turn it is, and what the worker knows that others do not know yet."""

from datetime import timedelta

import pytest

from tests.delivery.memory import PARALLEL, QUICK, SLOW, WELL, Memory
from webpush_app.delivery.changes import Closed, Opened
from webpush_app.delivery.happened import Answered
from webpush_app.delivery.models import Lane
from webpush_app.protocol.answers import Outcome, Refused, RefusedFor, RetryLater, Why

BUSY = RetryLater(503, "later", Why.THEIR_TROUBLE)


def test_services_take_turns(memory: Memory) -> None:
    memory.add(SLOW, 3)
    memory.add(QUICK, 3)
    assert memory.send() == [SLOW, QUICK] * 3


def test_what_is_personal_is_first(memory: Memory) -> None:
    memory.add(SLOW, 2)
    memory.add(QUICK, 1, Lane.PERSONAL)
    assert memory.send()[0] == QUICK


def test_a_service_that_does_not_answer_takes_no_more_than_its_window(memory: Memory) -> None:
    memory.add(SLOW, 50)
    assert memory.send() == [SLOW] * 8
    memory.add(QUICK, 3)
    assert memory.send() == [QUICK] * 3


def test_some_places_are_always_free_for_what_is_personal(memory: Memory) -> None:
    for service_id in (SLOW, QUICK):
        memory.add(service_id, 50)
    assert len(memory.send()) <= PARALLEL * 3 // 4
    memory.add(QUICK, 1, Lane.PERSONAL)
    assert memory.send() == [QUICK]


def test_an_answer_makes_room_for_the_next(memory: Memory) -> None:
    memory.add(SLOW, 50)
    memory.send()
    memory.flow.answered(1, WELL)
    assert len(memory.send()) == 1, "where there are so few places, a service may have half of them"


def test_room_is_asked_for_when_half_of_what_waited_is_sent(memory: Memory) -> None:
    assert memory.flow.room(SLOW, Lane.BROADCAST) == 32
    memory.add(SLOW, 20)
    assert memory.flow.room(SLOW, Lane.BROADCAST) == 0, "not a few at a time"
    memory.send()
    assert memory.flow.room(SLOW, Lane.BROADCAST) == 20
    assert memory.flow.room(SLOW, Lane.PERSONAL) == 32, "which has a room of its own"


def test_what_waits_is_handed_back_when_its_service_fails(memory: Memory) -> None:
    memory.add(SLOW, 20)
    memory.send()
    for number in range(1, 6):
        memory.flow.answered(number, BUSY)
    assert [type(one) for one in memory.flow.happened][:6] == [Answered] * 5 + [Closed]
    assert len(memory.returned()) == 12
    assert {one.due_at for one in memory.returned()} == {memory.clock.moment}
    assert memory.send() == []
    assert memory.flow.room(SLOW, Lane.PERSONAL) == 0


def test_what_is_added_to_a_service_that_was_closed_meanwhile_is_handed_back(memory: Memory) -> None:
    memory.meet(paused=(SLOW,))
    memory.add(SLOW, 2)
    assert len(memory.returned()) == 2


def test_a_gate_that_was_just_closed_here_is_not_opened_by_what_was_known_before(memory: Memory) -> None:
    """The pause is not written down yet, or was not when the standings were read."""
    memory.add(SLOW, 5)
    memory.send()
    before = memory.flow.mark()
    for number in range(1, 6):
        memory.flow.answered(number, BUSY)
    memory.meet()
    assert memory.flow.room(SLOW, Lane.PERSONAL) == 0, "nobody else can know it"
    memory.flow.written_down(len(memory.flow.happened))
    memory.meet(mark=before)
    assert memory.flow.room(SLOW, Lane.PERSONAL) == 0, "it was read before it was written"
    memory.meet()
    assert memory.flow.room(SLOW, Lane.PERSONAL) > 0, "another worker has found it well"


def test_what_others_found_out_closes_and_opens_it_here(memory: Memory) -> None:
    memory.add(SLOW, 3)
    memory.meet(paused=(SLOW,))
    assert len(memory.returned()) == 3
    memory.meet()
    memory.add(SLOW, 3)
    assert memory.send() == [SLOW] * 3


def test_one_is_sent_to_try_it(memory: Memory) -> None:
    memory.meet(paused=(SLOW,))
    memory.flow.try_one(SLOW)
    assert memory.flow.room(SLOW, Lane.BROADCAST) == 1
    memory.add(SLOW, 1)
    assert memory.send() == [SLOW]
    assert memory.flow.room(SLOW, Lane.BROADCAST) == 0
    memory.flow.answered(1, WELL)
    assert isinstance(memory.flow.happened[-1], Opened)


def test_a_browser_that_is_to_be_spared_is_sent_nothing_that_waits_already(memory: Memory) -> None:
    memory.add(SLOW, 1, browser=77)
    memory.send()
    memory.add(SLOW, 1, browser=77)
    memory.flow.answered(1, RetryLater(429, "", Why.SLOW_DOWN, 300, uses_attempt=False))
    assert memory.send() == []
    [held] = memory.returned()
    assert held.due_at == memory.clock.moment + timedelta(seconds=300)


def test_nothing_is_sent_so_late_that_its_lease_may_end_first(memory: Memory) -> None:
    memory.add(SLOW, 2)
    memory.clock.advance(40)
    assert memory.send() == []
    assert len(memory.returned()) == 2


@pytest.mark.parametrize(
    ("outcome", "old"),
    [
        (Refused(403, "", RefusedFor.VAPID), True),
        (Refused(None, "", RefusedFor.KEYS), False),
        (RetryLater(None, "", Why.OUR_ENCRYPTION, uses_attempt=False), False),
    ],
    ids=["an old key", "keys that nothing can be encrypted for", "encryption that fails for everybody"],
)
def test_what_says_nothing_about_the_service_changes_nothing_for_it(
    memory: Memory, outcome: Outcome, old: bool
) -> None:
    memory.add(SLOW, 16)
    memory.send()
    for number in range(1, 17):
        memory.flow.answered(number, WELL)
        memory.send()
    memory.add(SLOW, 8, old=old)
    memory.send()
    for number in range(17, 25):
        memory.flow.answered(number, outcome)
    assert not [one for one in memory.flow.happened if isinstance(one, Closed)]
    memory.add(SLOW, 8)
    assert len(memory.send()) == 8


def test_at_the_end_what_waits_is_handed_back_and_what_is_under_way_is_waited_for(memory: Memory) -> None:
    memory.add(SLOW, 10)
    memory.send()
    memory.flow.close()
    assert len(memory.returned()) == 2
    assert len(memory.flow.under_way) == 8
    for number in range(1, 9):
        memory.flow.answered(number, WELL)
    assert memory.flow.under_way == []
    memory.add(SLOW, 1)
    assert len(memory.returned()) == 3


def test_that_a_suspect_is_here_is_known_wherever_it_is(memory: Memory) -> None:
    assert not memory.flow.has_suspect
    memory.add(SLOW, 2, crashes=1)
    waiting = memory.flow.has_suspect
    memory.send()
    under_way = memory.flow.has_suspect
    memory.flow.answered(1, WELL)
    memory.flow.answered(2, WELL)
    answered = memory.flow.has_suspect
    memory.flow.written_down(1)
    one_of_two = memory.flow.has_suspect
    memory.flow.written_down(len(memory.flow.happened))
    assert (waiting, under_way, answered, one_of_two, memory.flow.has_suspect) == (True, True, True, True, False)


def test_after_an_outage_what_was_taken_counts_for_the_pace(memory: Memory) -> None:
    memory.add(SLOW, 8)
    memory.send()
    memory.meet(paused=(SLOW,))
    memory.meet(recovered=True)
    memory.clock.advance(2)
    allowed = memory.flow.room(SLOW, Lane.PERSONAL)
    assert 0 < allowed < 8
    memory.add(SLOW, allowed, Lane.PERSONAL)
    assert memory.flow.room(SLOW, Lane.PERSONAL) == 0
    memory.clock.advance(2)
    assert memory.flow.room(SLOW, Lane.PERSONAL) > 0
