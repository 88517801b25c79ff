"""The contract of every transport, part four: many requests at once, answered as they come, and nothing left over."""

import threading
import time
from collections.abc import Iterator

import pytest

from tests.protocol.conftest import MakeTransport, request_to
from tests.protocol.raw_service import RawService, Talk
from webpush_app.protocol.transport import Answer, Request, Transport


def numbered(count: int) -> Iterator[tuple[int, Request]]:
    return ((number, request_to(path=f"/wpush/v2/{number}")) for number in range(count))


def test_fifty_requests_are_under_way_at_once(make_transport: MakeTransport, service: RawService) -> None:
    all_are_there = threading.Barrier(50)

    def behave(talk: Talk) -> None:
        all_are_there.wait(timeout=20)
        talk.answer(201, talk.path.encode())

    service.behave = behave
    answers = dict(make_transport(parallel=50, deadline_seconds=20.0).exchange(numbered(50)))
    assert {key: answer.body for key, answer in answers.items() if isinstance(answer, Answer)} == {
        number: f"/wpush/v2/{number}".encode() for number in range(50)
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
    assert len(list(make_transport(parallel=3).exchange(numbered(30)))) == 30
    assert counts["most"] <= 3
    assert service.connections <= 3


def test_requests_are_pulled_only_when_they_can_be_sent(make_transport: MakeTransport) -> None:
    pulled = 0

    def pulling() -> Iterator[tuple[int, Request]]:
        nonlocal pulled
        for each in numbered(100):
            pulled += 1
            yield each

    for answered, _each in enumerate(make_transport(parallel=4).exchange(pulling())):
        assert pulled <= answered + 1 + 4
    assert pulled == 100


def test_nothing_is_pulled_before_an_answer_is_asked_for(transport: Transport) -> None:
    transport.exchange(pytest.fail("pulled") for _each in range(1))


def test_answers_come_as_they_arrive(make_transport: MakeTransport, service: RawService) -> None:
    others_are_answered = threading.Event()

    def behave(talk: Talk) -> None:
        if talk.path.endswith("/0"):
            others_are_answered.wait(timeout=20)
        talk.answer(201)

    service.behave = behave
    keys = []
    for key, _answer in make_transport(parallel=2).exchange(numbered(10)):
        keys.append(key)
        if len(keys) == 9:
            others_are_answered.set()
    assert keys[-1] == 0
    assert sorted(keys) == list(range(10))


def test_an_answer_does_not_wait_until_more_is_pulled(make_transport: MakeTransport) -> None:
    pulled = 0

    def pulling() -> Iterator[tuple[int, Request]]:
        nonlocal pulled
        for each in numbered(8):
            pulled += 1
            yield each
            if pulled == 1:
                time.sleep(1.0)  # in which what was sent is answered

    [first, *_others] = zip(make_transport(parallel=8).exchange(pulling()), iter(lambda: pulled, None), strict=False)
    assert first[0][0] == 0
    assert first[1] == 2


def test_what_waits_for_a_free_place_is_not_sent_after_its_exchange_ended(
    make_transport: MakeTransport, service: RawService
) -> None:
    transport, goes_on = make_transport(parallel=2), threading.Event()

    def behave(talk: Talk) -> None:
        goes_on.wait(timeout=20)
        talk.answer(201)

    def interrupted() -> Iterator[tuple[int, Request]]:
        yield 9, request_to(path="/wpush/v2/waiting")
        raise KeyboardInterrupt

    service.behave = behave
    busy = threading.Thread(target=lambda: list(transport.exchange(numbered(2))))
    busy.start()
    while len(service.asked) < 2:
        time.sleep(0.01)
    with pytest.raises(KeyboardInterrupt):
        next(transport.exchange(interrupted()))
    goes_on.set()
    busy.join()
    assert len(list(transport.exchange(numbered(2)))) == 2
    assert "/wpush/v2/waiting" not in [talk.path for talk in service.asked]


def test_nothing_to_send_is_no_trouble(transport: Transport) -> None:
    assert list(transport.exchange([])) == []


def test_when_the_iterable_raises_what_was_sent_is_answered_first(transport: Transport, service: RawService) -> None:
    def behave(talk: Talk) -> None:
        time.sleep(0.2)
        talk.answer(201)

    def failing() -> Iterator[tuple[int, Request]]:
        yield from numbered(3)
        raise LookupError("no more texts")

    service.behave = behave
    answers = transport.exchange(failing())
    assert sorted(next(answers)[0] for _time in range(3)) == [0, 1, 2]
    with pytest.raises(LookupError, match="no more texts"):
        next(answers)
    assert len(list(transport.exchange(numbered(3)))) == 3


def test_a_consumer_may_stop_early(make_transport: MakeTransport, service: RawService) -> None:
    transport = make_transport(parallel=4)
    answers = transport.exchange(numbered(1000))
    next(answers)
    assert isinstance(answers, Iterator)
    answers.close()  # type: ignore[attr-defined]
    asked = len(service.asked)
    assert asked <= 6
    assert sorted(key for key, _answer in transport.exchange(numbered(5))) == list(range(5))


def test_two_exchanges_may_share_a_transport(make_transport: MakeTransport) -> None:
    transport = make_transport(parallel=2)
    together = zip(transport.exchange(numbered(20)), transport.exchange(numbered(20)), strict=True)
    assert sorted(first[0] for first, _second in together) == list(range(20))


def test_after_closing_nothing_is_left(make_transport: MakeTransport, service: RawService) -> None:
    before = set(threading.enumerate())
    transport = make_transport(parallel=8)
    assert len(list(transport.exchange(numbered(40)))) == 40
    answers = transport.exchange(numbered(40))
    next(answers)
    del answers
    transport.close()
    service.wait_until_all_are_closed()
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert {name for name in left if name.startswith("push")} == set()


def test_closing_twice_is_no_trouble(transport: Transport) -> None:
    transport.close()
    transport.close()
