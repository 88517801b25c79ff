"""What a worker's memory makes of trouble: late rows, a sending that breaks off, and browsers that lie."""

from datetime import timedelta
from typing import Any

import pytest

from tests.delivery.memory import QUICK, SLOW, WELL, Memory
from webpush_app.delivery.changes import Closed, Untried
from webpush_app.delivery.happened import Answered
from webpush_app.delivery.models import Lane
from webpush_app.protocol.answers import Refused, RefusedFor, RetryLater, Why
from webpush_app.protocol.subscription import Subscription


def test_who_has_nothing_to_send_in_its_turn_ends_nobody_elses(memory: Memory) -> None:
    memory.add(SLOW, 1)
    memory.add(QUICK, 1)
    memory.send()
    memory.add(SLOW, 2)
    memory.clock.advance(40)
    assert memory.send() == []
    assert len(memory.returned()) == 2
    memory.add(QUICK, 1)
    assert memory.send() == [QUICK]


def test_what_waits_for_too_long_is_handed_back_where_nothing_can_be_sent_too(memory: Memory) -> None:
    memory.add(SLOW, 20)
    under_way = len(memory.send())
    memory.clock.advance(40)
    memory.meet()
    assert len(memory.returned()) == 20 - under_way
    assert memory.flow.something_happened.is_set()


def test_when_sending_breaks_off_the_places_are_free_again(memory: Memory) -> None:
    memory.add(SLOW, 20)
    under_way = len(memory.send())
    memory.flow.broke_off()
    assert memory.flow.under_way == []
    memory.flow.answered(1, WELL)  # too late: its lease brings it back
    assert not [one for one in memory.flow.happened if isinstance(one, Answered)]
    assert len(memory.send()) == min(under_way, 20 - under_way)
    memory.flow.broke_off()
    memory.meet(paused=(SLOW,))
    memory.flow.try_one(SLOW)
    memory.add(SLOW, 1)
    assert memory.send() == [SLOW]


def test_what_is_taken_again_while_it_is_under_way_is_sent_once_and_settled_under_the_new_lease(memory: Memory) -> None:
    first = memory.ready(SLOW, Lane.BROADCAST)
    memory.flow.add([first])
    assert memory.send() == [SLOW]
    again = first._replace(row=first.row._replace(lease_token="another"))
    memory.flow.add([again])
    assert memory.send() == []
    memory.flow.answered(first.row.id, WELL)
    [answered] = [one for one in memory.flow.happened if isinstance(one, Answered)]
    assert answered.row.lease_token == "another"
    memory.add(SLOW, 9)
    assert len(memory.send()) == 8, "its place is free again, and no more than that"


def test_a_trial_that_was_not_sent_lets_another_push_try_it_at_once(memory: Memory) -> None:
    memory.meet(paused=(SLOW,))
    for answer in (None, Refused(None, "", RefusedFor.KEYS)):
        memory.flow.happened.clear()
        memory.flow.try_one(SLOW)
        memory.add(SLOW, 1)
        if answer is None:
            memory.clock.advance(40)
            assert memory.send() == []
        else:
            assert memory.send() == [SLOW]
            memory.flow.answered(memory.rows, answer)
        assert [one for one in memory.flow.happened if isinstance(one, Untried)] == [Untried(SLOW)]
        assert memory.flow.room(SLOW, Lane.PERSONAL) == 0


def test_a_browser_that_has_moved_is_held_no_more(memory: Memory) -> None:
    memory.add(SLOW, 1, browser=5)
    memory.send()
    memory.flow.answered(1, RetryLater(503, "", Why.THEIR_TROUBLE, 600.0))
    memory.add(SLOW, 1, browser=5)
    assert memory.send() == []
    moved = memory.ready(SLOW, Lane.BROADCAST, browser=5)
    memory.flow.add([moved._replace(subscription=Subscription("https://y", "p", "a"))])
    assert memory.send() == [SLOW]


def test_a_service_that_is_forgotten_takes_no_memory(memory: Memory) -> None:
    memory.add(SLOW, 1)
    memory.add(QUICK, 9)
    memory.send()
    memory.flow.meet([], memory.flow.mark())
    assert sorted(memory.flow._gates.ids) == [SLOW, QUICK], "their answers may still come"
    for number in (1, *range(2, 10)):
        memory.flow.answered(number, WELL)
    memory.flow.meet([], memory.flow.mark())
    assert memory.flow._gates.ids == ()


@pytest.mark.parametrize(
    ("given", "closes"),
    [
        ({"proven": False, "owner": 7}, False),
        ({"proven": False}, True),
        ({"proven": True, "owner": 7}, True),
    ],
)
def test_browsers_of_one_owner_that_never_took_a_push_say_once_that_our_key_is_refused(
    memory: Memory, given: dict[str, Any], closes: bool
) -> None:
    """Which key they were made with is their owner's word alone."""
    memory.add(SLOW, 8, **given)
    memory.send()
    for number in range(1, 9):
        memory.flow.answered(number, Refused(403, "", RefusedFor.VAPID))
    assert bool([one for one in memory.flow.happened if isinstance(one, Closed)]) is closes


@pytest.mark.parametrize(("owner", "closes"), [(7, False), ("", True)])
def test_browsers_of_one_owner_say_once_that_their_service_asks_for_patience(
    memory: Memory, owner: int | str, closes: bool
) -> None:
    memory.add(SLOW, 8, owner=owner)
    memory.send()
    for number in range(1, 9):
        memory.flow.answered(number, RetryLater(429, "", Why.SLOW_DOWN, 60.0))
    assert bool([one for one in memory.flow.happened if isinstance(one, Closed)]) is closes


def test_a_worker_looks_as_seldom_as_ever_when_there_is_no_more_need_for_care(memory: Memory) -> None:
    memory.meet(paused=(SLOW,))
    memory.meet(recovered=True)
    assert memory.flow.is_paced
    memory.clock.advance(timedelta(hours=2).total_seconds())
    assert not memory.flow.is_paced
