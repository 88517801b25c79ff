"""What came for a broadcast, compared with whom it was for: who got nothing, who got it again, and whether a repeat
replaces what came first, on the push service by its Topic and on the screen by its tag."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from soak.recording import Came


@dataclass(frozen=True)
class Verdict:
    lost: int  # browsers that got nothing
    repeated: int  # pushes beyond the first of each browser
    shown_twice: int  # of these, those that replace nothing
    unreadable: int  # pushes that a push service, or the browser, would not take
    strange: int  # pushes to nobody whom this was for


def judge(wanted: Collection[str], came: Iterable[Came], opened: Callable[[Came], Any]) -> Verdict:
    """Only what was accepted counts. `opened` gives what the browser shows, or None."""
    by_browser: dict[str, list[tuple[str | None, Any]]] = defaultdict(list)
    unreadable = 0
    for one in came:
        if 200 <= one.status < 300:
            content = opened(one)
            unreadable += content is None
            by_browser[one.endpoint].append((one.topic, None if content is None else content.get("tag")))
    repeated = [(first, one) for first, *others in by_browser.values() for one in others]
    return Verdict(
        lost=len(set(wanted) - by_browser.keys()),
        repeated=len(repeated),
        shown_twice=sum(first != one or None in one for first, one in repeated),
        unreadable=unreadable,
        strange=len(by_browser.keys() - set(wanted)),
    )
