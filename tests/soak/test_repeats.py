"""What came is compared with whom it was for: every way to get nothing, or to see something twice, is counted."""

from typing import Any

import pytest

from soak.recording import Came
from soak.repeats import Verdict, judge

ALL_WELL = Verdict(lost=0, repeated=0, shown_twice=0, unreadable=0, strange=0)
OPENED: dict[bytes, Any] = {b"one": {"tag": "one"}, b"other": {"tag": "other"}, b"untagged": {}, b"noise": None}


def came(endpoint: str, body: bytes = b"one", topic: str | None = "topic", status: int = 201) -> Came:
    return Came(endpoint, 0.0, status, {} if topic is None else {"topic": topic}, body)


def judged(*some: Came) -> Verdict:
    return judge({"a", "b"}, some, lambda one: OPENED[one.body])


def test_all_is_well_when_everybody_got_it_once() -> None:
    assert judged(came("a"), came("b")) == ALL_WELL


def test_who_got_nothing_has_lost_it_and_what_was_refused_is_nothing() -> None:
    assert judged(came("a"), came("b", status=503)).lost == 1
    assert judged().lost == 2


def test_a_repeat_under_the_same_topic_and_tag_is_seen_once() -> None:
    verdict = judged(came("a"), came("b"), came("a"), came("a"))
    assert (verdict.repeated, verdict.shown_twice) == (2, 0)


@pytest.mark.parametrize(
    "again",
    [
        came("a", topic="another"),
        came("a", topic=None),
        came("a", b"other"),
        came("a", b"untagged"),
        came("a", b"noise"),
    ],
    ids=["another topic", "no topic", "another tag", "no tag", "unreadable"],
)
def test_a_repeat_that_replaces_nothing_is_seen_twice(again: Came) -> None:
    assert judged(came("a"), came("b"), again).shown_twice == 1


def test_two_without_a_tag_are_two() -> None:
    assert judged(came("a", b"untagged"), came("a", b"untagged"), came("b")).shown_twice == 1


def test_what_cannot_be_read_and_what_nobody_wanted_is_counted() -> None:
    verdict = judged(came("a"), came("b", b"noise"), came("c"))
    assert (verdict.unreadable, verdict.strange) == (1, 1)
