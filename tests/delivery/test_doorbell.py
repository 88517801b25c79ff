"""The doorbell: it wakes the worker of this machine, and never keeps anybody waiting who rings it."""

import contextlib
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask

from tests.delivery.outgoing import Outgoing
from tests.people import People
from webpush_app.delivery import doorbell
from webpush_app.delivery.doorbell import Doorbell

NAME = "doorbell"
AT_ONCE_SECONDS = 3.0  # the machine may be busy
LONG_SECONDS = 20.0


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Doorbell]:
    with closing(Doorbell(tmp_path)) as bell:
        yield bell


@pytest.fixture(autouse=True)
def _in_the_app(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def seconds_until_it_wakes(bell: Doorbell, longest: float) -> float:
    began = time.monotonic()
    bell.wait(longest)
    return time.monotonic() - began


def fill(path: Path) -> None:
    pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(pipe, b"." * 4096)
    os.close(pipe)


def test_who_waits_is_woken_at_once(app: Flask, bell: Doorbell) -> None:
    def ring() -> None:
        with app.app_context():
            doorbell.ring()

    somebody = threading.Timer(0.2, ring)
    somebody.start()
    assert 0.1 < seconds_until_it_wakes(bell, LONG_SECONDS) < 0.2 + AT_ONCE_SECONDS
    somebody.join()


def test_many_rings_wake_once(bell: Doorbell) -> None:
    for _ in range(5000):
        doorbell.ring()
    assert seconds_until_it_wakes(bell, LONG_SECONDS) < AT_ONCE_SECONDS
    assert seconds_until_it_wakes(bell, 0.1) >= 0.1
    doorbell.ring()
    assert seconds_until_it_wakes(bell, LONG_SECONDS) < AT_ONCE_SECONDS


def test_ringing_where_nobody_listens_any_more_is_done_at_once(bell: Doorbell) -> None:
    bell.close()
    began = time.monotonic()
    doorbell.ring()
    assert time.monotonic() - began < AT_ONCE_SECONDS


def test_ringing_where_there_is_no_bell_does_nothing(tmp_path: Path) -> None:
    doorbell.ring()
    assert not (tmp_path / NAME).exists()


def test_ringing_never_waits_when_it_has_been_rung_too_often(bell: Doorbell, tmp_path: Path) -> None:
    fill(tmp_path / NAME)
    began = time.monotonic()
    doorbell.ring()
    assert time.monotonic() - began < AT_ONCE_SECONDS
    bell.wait(LONG_SECONDS)
    assert seconds_until_it_wakes(bell, 0.1) >= 0.1, "one look takes all of them"


def test_a_signal_may_ring_in_the_midst_of_closing(bell: Doorbell, monkeypatch: pytest.MonkeyPatch) -> None:
    close = os.close

    def interrupted(pipe: int) -> None:
        bell.ring()
        close(pipe)
        bell.ring()

    monkeypatch.setattr(os, "close", interrupted)
    bell.close()


def test_the_pipe_is_the_owners_alone(bell: Doorbell, tmp_path: Path) -> None:
    mode = (tmp_path / NAME).stat().st_mode
    assert stat.S_ISFIFO(mode)
    assert stat.S_IMODE(mode) == 0o600


def test_a_plain_file_in_its_place_is_replaced(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("copied from a backup", encoding="utf-8")
    with closing(Doorbell(tmp_path)) as bell:
        doorbell.ring()
        assert seconds_until_it_wakes(bell, LONG_SECONDS) < AT_ONCE_SECONDS


def test_where_there_can_be_no_pipe_the_worker_looks_by_itself(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with closing(Doorbell(tmp_path)) as bell:
        doorbell.ring()
        bell.ring()
        assert 0.1 <= seconds_until_it_wakes(bell, 0.1) < AT_ONCE_SECONDS


def test_the_bell_of_an_earlier_worker_is_used_again(bell: Doorbell, tmp_path: Path) -> None:
    bell.close()
    before = (tmp_path / NAME).stat().st_ino
    with closing(Doorbell(tmp_path)) as second:
        assert (tmp_path / NAME).stat().st_ino == before
        doorbell.ring()
        assert seconds_until_it_wakes(second, LONG_SECONDS) < AT_ONCE_SECONDS


def test_what_else_can_be_read_is_told(bell: Doorbell) -> None:
    """Whoever started the worker holds the other end; when it is gone, the end of the pipe can be read."""
    other, ours = os.pipe()
    try:
        assert bell.wait(0.01, [other]) == []
        os.close(ours)
        assert bell.wait(LONG_SECONDS, [other]) == [other]
    finally:
        os.close(other)


def test_a_message_rings_it(bell: Doorbell, people: People, outgoing: Outgoing) -> None:
    outgoing.device(people("susan"))
    people.write(people("john"), 1, "hello")
    assert seconds_until_it_wakes(bell, LONG_SECONDS) < AT_ONCE_SECONDS
    people.write(1, 2, "john has no browser")
    assert seconds_until_it_wakes(bell, 0.1) >= 0.1
