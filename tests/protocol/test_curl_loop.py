"""What libcurl asks to be watched is watched: for what it said last, and until it says that it is done with it."""

import os
import socket
from collections.abc import Iterator

import pycurl
import pytest

from webpush_app.protocol.bell import Bell
from webpush_app.protocol.curl_loop import CurlLoop


@pytest.fixture
def loop() -> Iterator[CurlLoop]:
    bell = Bell()
    made = CurlLoop(bell)
    yield made
    made.close()
    bell.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def ask(loop: CurlLoop, events: int, descriptor: int) -> None:
    loop._watch(events, descriptor, None, None)


def ready(loop: CurlLoop) -> list[tuple[int, int]]:
    return [(key.fd, events) for key, events in loop._selector.select(0)]


def test_it_is_watched_for_what_was_said_last(loop: CurlLoop, pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    ask(loop, pycurl.POLL_IN, one.fileno())
    assert ready(loop) == []
    for events in (pycurl.POLL_OUT, pycurl.POLL_OUT, pycurl.POLL_INOUT):
        ask(loop, events, one.fileno())
        assert ready(loop) == [(one.fileno(), pycurl.POLL_OUT)]
    other.send(b"x")
    assert ready(loop) == [(one.fileno(), pycurl.POLL_INOUT)]
    ask(loop, pycurl.POLL_IN, one.fileno())
    assert ready(loop) == [(one.fileno(), pycurl.POLL_IN)]
    ask(loop, pycurl.POLL_REMOVE, one.fileno())
    assert ready(loop) == []


def test_what_nobody_watches_may_be_done_with(loop: CurlLoop, pair: tuple[socket.socket, socket.socket]) -> None:
    one, _other = pair
    ask(loop, pycurl.POLL_REMOVE, one.fileno())
    ask(loop, pycurl.POLL_OUT, one.fileno())
    ask(loop, pycurl.POLL_REMOVE, one.fileno())
    ask(loop, pycurl.POLL_REMOVE, one.fileno())
    ask(loop, pycurl.POLL_OUT, one.fileno())
    assert ready(loop) == [(one.fileno(), pycurl.POLL_OUT)]


@pytest.mark.parametrize("is_told_first", [True, False])
def test_a_number_that_comes_again_is_another_socket(
    loop: CurlLoop, pair: tuple[socket.socket, socket.socket], is_told_first: bool
) -> None:
    """Also where it is closed a moment before libcurl says so."""
    one, _other = pair
    with socket.socket() as former:
        number = former.fileno()
        ask(loop, pycurl.POLL_IN, number)
        if is_told_first:
            ask(loop, pycurl.POLL_REMOVE, number)
    if not is_told_first:
        ask(loop, pycurl.POLL_REMOVE, number)
    os.dup2(one.fileno(), number)
    with socket.socket(fileno=number):
        assert ready(loop) == []
        for events in (pycurl.POLL_IN, pycurl.POLL_OUT):
            ask(loop, events, number)
        assert ready(loop) == [(number, pycurl.POLL_OUT)]
        ask(loop, pycurl.POLL_REMOVE, number)
