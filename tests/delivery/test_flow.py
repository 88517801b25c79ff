"""What waits in a worker's memory: whose turn it is, and what the worker knows that others do not know yet."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from tests.delivery.conftest import StandingClock
from webpush_app.delivery.claims import Claimed, Returned
from webpush_app.delivery.flow import Flow
from webpush_app.delivery.gate import Closed, Opened
from webpush_app.delivery.happened import Answered
from webpush_app.delivery.models import Lane
from webpush_app.delivery.pauses import Standing
from webpush_app.delivery.preparing import Ready
from webpush_app.protocol import vapid_keys
from webpush_app.protocol.answers import Accepted, Refused, RefusedFor, RetryLater, Why
from webpush_app.protocol.message import Message
from webpush_app.protocol.signing import Signer
from webpush_app.protocol.subscription import Subscription

SIGNER = Signer(vapid_keys.generate(), "mailto:ops@example.com")
WELL = Accepted(201, "")
BUSY = RetryLater(503, "later", Why.THEIR_TROUBLE)
SLOW, QUICK = 1, 2
PARALLEL = 16


class Memory:
    """A flow with two push services, and rows for it."""

    def __init__(self, clock: StandingClock) -> None:
        self.clock = clock
        self.room_came = threading.Event()
        self.flow = Flow(PARALLEL, clock, self.room_came)
        self.rows = 0
        self.meet()

    def meet(self, *, paused: tuple[int, ...] = (), mark: int | None = None) -> None:
        until = self.clock.moment + timedelta(seconds=30)
        standings = [
            Standing(
                id=number,
                host=f"push{number}.example.org",
                paused_until=until if number in paused else None,
                probed_until=None,
                careful_until=None,
                recovered_at=None,
                usual_rate=0.0,
                has_personal=True,
                has_broadcast=True,
                has_suspect_personal=False,
                has_suspect_broadcast=False,
            )
            for number in (SLOW, QUICK)
        ]
        self.flow.meet(standings, self.flow.mark() if mark is None else mark)

    def add(self, service_id: int, number: int = 1, lane: Lane = Lane.BROADCAST, **given: Any) -> None:
        self.flow.add([self.ready(service_id, lane, **given) for _ in range(number)])

    def ready(self, service_id: int, lane: Lane, *, browser: int = 0, old: bool = False, crashes: int = 0) -> Ready:
        self.rows += 1
        now = self.clock.moment
        row = Claimed(
            self.rows, "x", 1, browser or self.rows, service_id, None, lane, 1, crashes, False, now, now, "token"
        )
        return Ready(
            *(row, Subscription("https://x", "p", "a"), Message("Hi"), SIGNER),
            *(old, 0, now, now + timedelta(seconds=40)),
        )

    def send(self) -> list[int]:
        """The services of what may be sent now, in their order."""
        return [one.row.service_id for one in iter(self.flow.next, None)]

    def returned(self) -> list[Returned]:
        return [one for one in self.flow.happened if isinstance(one, Returned)]


@pytest.fixture
def memory(clock: StandingClock) -> Memory:
    return Memory(clock)


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
    assert len(memory.send()) == PARALLEL * 3 // 4
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
    [(Refused(403, "", RefusedFor.VAPID), True), (Refused(None, "", RefusedFor.KEYS), False)],
    ids=["an old key", "keys that nothing can be encrypted for"],
)
def test_what_says_nothing_about_the_service_changes_nothing_for_it(
    memory: Memory, outcome: Refused, old: bool
) -> None:
    memory.add(SLOW, 8, old=old)
    memory.send()
    for number in range(1, 9):
        memory.flow.answered(number, outcome)
    assert not [one for one in memory.flow.happened if isinstance(one, Closed)]
    memory.add(SLOW, 8)
    assert len(memory.send()) == 8


def test_at_the_end_what_waits_is_handed_back_and_what_is_under_way_is_waited_for(memory: Memory) -> None:
    memory.add(SLOW, 10)
    memory.send()
    memory.flow.close()
    assert len(memory.returned()) == 2
    assert memory.flow.tokens() == {"token"}
    for number in range(1, 9):
        memory.flow.answered(number, WELL)
    assert memory.flow.tokens() == set()
    memory.add(SLOW, 1)
    assert len(memory.returned()) == 3


def test_one_suspect_at_a_time_is_known_wherever_it_is(memory: Memory) -> None:
    assert not memory.flow.has_suspect
    memory.add(SLOW, 1, crashes=1)
    waiting = memory.flow.has_suspect
    memory.send()
    under_way = memory.flow.has_suspect
    memory.flow.answered(1, WELL)
    answered = memory.flow.has_suspect
    memory.flow.written_down(1)
    assert (waiting, under_way, answered, memory.flow.has_suspect) == (True, True, True, False)
