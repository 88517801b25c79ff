"""The contract of every transport, part four: many requests at once, answered as they come, and nothing left over."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.protocol.conftest import MakeTransport, exchanged, request_to
from tests.protocol.raw_service import RawService, Talk
from webpush_app.protocol.transport import Answer, NoAnswer, Request, Transport


def numbered(count: int) -> Iterator[tuple[int, Request]]:
    return ((number, request_to(path=f"/wpush/v2/{number}")) for number in range(count))


def test_twenty_requests_are_under_way_at_once(make_transport: MakeTransport, service: RawService) -> None:
    all_are_there = threading.Barrier(20)

    def behave(talk: Talk) -> None:
        all_are_there.wait(timeout=20)
        talk.answer(201, talk.path.encode())

    service.behave = behave
    answers = exchanged(make_transport(parallel=20, deadline_seconds=20.0), numbered(20))
    assert {key: answer.body for key, answer in answers if isinstance(answer, Answer)} == {
        number: f"/wpush/v2/{number}".encode() for number in range(20)
    }


def test_no_more_are_under_way_than_allowed(make_transport: MakeTransport, service: RawService) -> None:
    lock, counts = threading.Lock(), {"now": 0, "most": 0}

    def behave(talk: Talk) -> None:
        with lock:
            counts["now"] += 1
            counts["most"] = max(counts.values())
        time.sleep(0.01)
        with lock:
            counts["now"] -= 1
        talk.answer(201)

    service.behave = behave
    transport = make_transport(parallel=3)
    assert transport.parallel == 3
    assert len(exchanged(transport, numbered(30))) == 30
    assert counts["most"] <= 3
    assert service.connections <= 3


def test_requests_are_pulled_only_when_they_can_be_sent(make_transport: MakeTransport) -> None:
    pulled, answered = 0, 0

    def pulling() -> Iterator[tuple[int, Request]]:
        nonlocal pulled
        for each in numbered(100):
            pulled += 1
            assert pulled <= answered + 4
            yield each

    def count(_key: int, _answer: Answer | NoAnswer) -> None:
        nonlocal answered
        answered += 1

    make_transport(parallel=4).exchange(pulling(), count)
    assert (pulled, answered) == (100, 100)


def test_answers_come_as_they_arrive_in_the_calling_thread(make_transport: MakeTransport, service: RawService) -> None:
    others_are_answered = threading.Event()
    keys, threads = [], set()

    def behave(talk: Talk) -> None:
        if talk.path.endswith("/0"):
            others_are_answered.wait(timeout=20)
        talk.answer(201)

    def answered(key: int, _answer: Answer | NoAnswer) -> None:
        keys.append(key)
        threads.add(threading.current_thread())
        if len(keys) == 9:
            others_are_answered.set()

    service.behave = behave
    make_transport(parallel=2).exchange(numbered(10), answered)
    assert keys[-1] == 0
    assert sorted(keys) == list(range(10))
    assert threads == {threading.current_thread()}


def test_an_answer_does_not_wait_until_more_is_pulled(make_transport: MakeTransport) -> None:
    pulled = 0
    pulled_at_answers: list[int] = []

    def pulling() -> Iterator[tuple[int, Request]]:
        nonlocal pulled
        for each in numbered(40):
            pulled += 1
            yield each
            time.sleep(0.03)

    make_transport(parallel=40).exchange(pulling(), lambda _key, _answer: pulled_at_answers.append(pulled))
    assert pulled_at_answers[0] < 20


def test_nothing_to_send_is_no_trouble(transport: Transport) -> None:
    assert exchanged(transport, []) == []


def test_one_exchange_follows_the_other(transport: Transport) -> None:
    for _time in range(3):
        assert sorted(key for key, _answer in exchanged(transport, numbered(10))) == list(range(10))


def test_after_closing_nothing_is_left(make_transport: MakeTransport, service: RawService) -> None:
    before = set(threading.enumerate())
    transport = make_transport(parallel=8)
    assert len(exchanged(transport, numbered(40))) == 40
    transport.close()
    service.wait_until_all_are_closed()
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert {name for name in left if name.startswith("push")} == set()


def test_closing_twice_is_no_trouble_and_waking_afterwards_neither(transport: Transport) -> None:
    transport.close()
    transport.close()
    transport.wake()


def failing(problem: BaseException) -> Iterator[tuple[int, Request]]:
    yield from numbered(3)
    raise problem


def test_when_the_iterable_raises_what_was_sent_is_answered_first(transport: Transport, service: RawService) -> None:
    def behave(talk: Talk) -> None:
        time.sleep(0.2)
        talk.answer(201)

    service.behave = behave
    keys: list[int] = []
    with pytest.raises(LookupError, match="no more texts"):
        transport.exchange(failing(LookupError("no more texts")), lambda key, _answer: keys.append(key))
    assert sorted(keys) == [0, 1, 2]
    assert len(exchanged(transport, numbered(3))) == 3


def test_when_whom_it_tells_raises_nothing_more_is_pulled_and_the_others_are_told(
    make_transport: MakeTransport,
) -> None:
    keys, pulled = [], []

    def pulling() -> Iterator[tuple[int, Request]]:
        for each in numbered(100):
            pulled.append(each[0])
            yield each

    def answered(key: int, _answer: Answer | NoAnswer) -> None:
        keys.append(key)
        raise LookupError(f"the {len(keys)}. answer cannot be kept")

    transport = make_transport(parallel=4)
    with pytest.raises(LookupError, match=r"the 1\. answer"):
        transport.exchange(pulling(), answered)
    assert sorted(keys) == sorted(pulled)
    assert len(pulled) <= 4
    assert len(exchanged(transport, numbered(3))) == 3


def test_an_interrupt_waits_for_nobody(make_transport: MakeTransport, service: RawService) -> None:
    goes_on = threading.Event()
    told: list[int] = []

    def behave(talk: Talk) -> None:
        if len(service.asked) <= 3:
            goes_on.wait(timeout=20)
        talk.answer(201)

    service.behave = behave
    transport = make_transport(parallel=4)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        transport.exchange(failing(KeyboardInterrupt()), lambda key, _answer: told.append(key))
    assert time.monotonic() - began < 5
    goes_on.set()
    assert len(exchanged(transport, ((key + 10, request) for key, request in numbered(3)))) == 3
    assert told == []
