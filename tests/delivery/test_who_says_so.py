"""Who counts when a service is in trouble: a browser, or an owner of several that could be lying."""

from typing import Any

import pytest

from tests.delivery.memory import SLOW, WELL, Memory
from webpush_app.delivery.changes import Closed
from webpush_app.protocol.answers import Outcome, Refused, RefusedFor, RetryLater, Why

REFUSED = Refused(403, "BadJwtToken", RefusedFor.VAPID)
OF_ONE_PLACE = "8.8.4.4"


@pytest.mark.parametrize(
    ("owner", "closes"),
    [
        (OF_ONE_PLACE, False),
        ("2001:4860:4860::/64", False),
        ("127.0.0.1", True),
        ("10.0.0.7", True),
        ("fd00::/64", True),
    ],
)
@pytest.mark.parametrize("outcome", [REFUSED, RetryLater(429, "", Why.SLOW_DOWN, 60.0)])
def test_an_address_that_is_not_public_is_nobodys(memory: Memory, owner: str, closes: bool, outcome: Outcome) -> None:
    """Behind a proxy that nobody told us of, all strangers come from there."""
    memory.add(SLOW, 8, owner=owner, proven=False)
    memory.send()
    for number in range(1, 9):
        memory.flow.answered(number, outcome)
    assert bool([one for one in memory.flow.happened if isinstance(one, Closed)]) is closes


def test_where_everybody_is_refused_each_browser_says_so(memory: Memory) -> None:
    """Else many at one address would be asked for as long as there are any."""
    found = (memory.answer(REFUSED, owner=OF_ONE_PLACE, proven=False) for _asked in range(60))
    closed = [number for number, changes in enumerate(found) if any(isinstance(one, Closed) for one in changes)]
    assert 20 < closed[0] < 30


def test_many_that_are_refused_beside_one_that_is_taken_stop_nobody(memory: Memory) -> None:
    for number in range(100):
        outcome = WELL if number % 19 == 0 else REFUSED
        given: dict[str, Any] = {} if number % 19 == 0 else {"owner": OF_ONE_PLACE, "proven": False}
        assert not [one for one in memory.answer(outcome, **given) if isinstance(one, Closed)]
