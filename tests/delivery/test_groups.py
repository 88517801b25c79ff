"""Answers in groups: full groups at once, small ones after an instant, and an error when it is its turn."""

import threading
import time
from collections.abc import Iterator

import pytest

from webpush_app.delivery.groups import in_groups

LONG_SECONDS = 5.0


def test_nothing_gives_no_group() -> None:
    assert list(in_groups(iter(()))) == []


def test_everything_comes_once_and_in_order() -> None:
    groups = list(in_groups(iter(range(250)), most=100, seconds=LONG_SECONDS))
    assert [number for group in groups for number in group] == list(range(250))
    assert [len(group) for group in groups] == [100, 100, 50]


def test_a_full_group_does_not_wait() -> None:
    release = threading.Event()

    def items() -> Iterator[int]:
        yield from range(3)
        release.wait(LONG_SECONDS)

    began = time.monotonic()
    groups = in_groups(items(), most=3, seconds=LONG_SECONDS)
    assert next(groups) == [0, 1, 2]
    assert time.monotonic() - began < 1
    release.set()
    assert list(groups) == []


def test_what_has_come_is_handed_on_while_the_rest_hangs() -> None:
    release = threading.Event()

    def items() -> Iterator[str]:
        yield "first"
        yield "second"
        release.wait(LONG_SECONDS)
        yield "last"

    began = time.monotonic()
    groups = in_groups(items(), seconds=0.05)
    assert next(groups) == ["first", "second"]
    assert 0.05 <= time.monotonic() - began < 1
    release.set()
    assert list(groups) == [["last"]]


def test_an_error_comes_after_what_was_answered_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise LookupError("the transport is broken")

    groups = in_groups(items(), seconds=LONG_SECONDS)
    assert next(groups) == [1, 2]
    with pytest.raises(LookupError, match="broken"):
        next(groups)
