"""The contract of every transport, part five: an exchange that has nothing to send waits, and wakes when it is told."""

import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Self

import pytest

from tests.protocol.conftest import MakeTransport, exchanged, request_to
from tests.protocol.raw_service import RawService, Talk
from webpush_app.protocol import curl_transport, requests_transport
from webpush_app.protocol.transport import IDLE_SECONDS, Answer, NoAnswer, Request, Transport

Pulled = tuple[int, Request] | None
NEVER_SECONDS = 60.0
AT_ONCE_SECONDS = 0.05  # the best of several times: the machine may be busy


@pytest.fixture
def is_asked_only_when_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (requests_transport, curl_transport):
        monkeypatch.setattr(module, "IDLE_SECONDS", NEVER_SECONDS)


class Feed:
    """Requests that are to be had one after the other, from another thread; nothing to send in between."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.looks = 0
        self.told: dict[int, Answer | NoAnswer] = {}
        self.changed = threading.Condition()
        self._waiting: list[tuple[int, Request]] = []
        self._is_over = False
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        self.wait_for_looks(1)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self.transport.wake()
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()

    def __iter__(self) -> Iterator[Pulled]:
        while not self._is_over:
            with self.changed:
                self.looks += 1
                self.changed.notify_all()
            yield self._waiting.pop(0) if self._waiting else None

    def send(self, key: int) -> None:
        self._waiting.append((key, request_to(path=f"/wpush/v2/{key}")))
        self.transport.wake()

    def wait_for_looks(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.looks >= count, 10)

    def wait_for_answer(self, key: int, seconds: float = 10.0) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: key in self.told, seconds)

    def seconds_until_answered(self, key: int) -> float:
        began = time.monotonic()
        self.send(key)
        self.wait_for_answer(key)
        return time.monotonic() - began

    def _run(self) -> None:
        self.transport.exchange(self, self._note)

    def _note(self, key: int, answer: Answer | NoAnswer) -> None:
        with self.changed:
            self.told[key] = answer
            self.changed.notify_all()


@pytest.mark.usefixtures("is_asked_only_when_woken")
def test_who_is_woken_looks_at_once(transport: Transport) -> None:
    with Feed(transport) as feed:
        feed.seconds_until_answered(0)  # it opens the connection
        taken = []
        for key in range(1, 6):
            time.sleep(0.05)
            taken.append(feed.seconds_until_answered(key))
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert min(taken) < AT_ONCE_SECONDS
    assert max(taken) < 5


@pytest.mark.usefixtures("is_asked_only_when_woken")
def test_who_is_woken_looks_at_once_also_while_somebody_hangs(transport: Transport, service: RawService) -> None:
    goes_on = threading.Event()

    def behave(talk: Talk) -> None:
        if talk.path.endswith("/0"):
            goes_on.wait(timeout=20)
        talk.answer(201)

    service.behave = behave
    with Feed(transport) as feed:
        feed.send(0)
        feed.seconds_until_answered(1)
        taken = [feed.seconds_until_answered(key) for key in range(2, 6)]
        assert 0 not in feed.told
        goes_on.set()
    assert min(taken) < AT_ONCE_SECONDS
    assert max(taken) < 5
    assert sorted(feed.told) == list(range(6))


@pytest.mark.usefixtures("is_asked_only_when_woken")
def test_each_answer_makes_it_look(transport: Transport, service: RawService) -> None:
    goes_on = threading.Event()

    def behave(talk: Talk) -> None:
        goes_on.wait(timeout=20)
        talk.answer(201)

    service.behave = behave
    with Feed(transport) as feed:
        feed.send(0)
        feed.wait_for_looks(3)
        time.sleep(0.2)
        assert feed.looks == 3
        goes_on.set()
        feed.wait_for_looks(4)


def test_without_being_woken_it_looks_now_and_then(transport: Transport) -> None:
    looks: list[float] = []

    def nothing() -> Iterator[Pulled]:
        for _time in range(4):
            looks.append(time.monotonic())
            yield None

    assert exchanged(transport, nothing()) == []
    waits = [after - before for before, after in pairwise(looks)]
    assert all(IDLE_SECONDS * 0.8 < wait < IDLE_SECONDS + 1 for wait in waits), waits


def test_it_looks_now_and_then_also_while_somebody_hangs(make_transport: MakeTransport, service: RawService) -> None:
    looks: list[float] = []

    def pulling() -> Iterator[Pulled]:
        yield 1, request_to()
        for _time in range(3):
            looks.append(time.monotonic())
            yield None

    service.behave = Talk.hang
    [(key, answer)] = exchanged(make_transport(deadline_seconds=3.0), pulling())
    assert (key, isinstance(answer, NoAnswer)) == (1, True)
    waits = [after - before for before, after in pairwise(looks)]
    assert all(IDLE_SECONDS * 0.8 < wait < IDLE_SECONDS + 1 for wait in waits), waits


def test_who_waits_uses_no_time_of_the_processor(make_transport: MakeTransport, service: RawService) -> None:
    service.behave = Talk.hang
    began = time.process_time()

    def pulling() -> Iterator[Pulled]:
        yield 1, request_to()
        for _time in range(3):
            yield None

    exchanged(make_transport(deadline_seconds=2.0), pulling())
    assert time.process_time() - began < 0.5


def test_being_woken_without_need_does_no_harm(transport: Transport) -> None:
    transport.wake()
    assert len(exchanged(transport, [None, (1, request_to()), None, None, (2, request_to())])) == 2
    for _time in range(10_000):
        transport.wake()
    assert len(exchanged(transport, [(1, request_to())])) == 1
