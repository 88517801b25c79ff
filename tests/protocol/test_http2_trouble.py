"""libcurl over HTTP/2, when something goes wrong: what happens to one stream harms no other, and nothing is sent a
second time that may have arrived."""

import time
from collections import Counter

import pytest

from tests.protocol.conftest import ask, exchanged
from tests.protocol.http2_service import Http2Service, On
from tests.protocol.test_http2 import DEADLINE, statuses
from tests.protocol.test_transport_many import numbered
from tests.protocol.test_transport_trouble import trouble_of
from tests.push.http2 import Ended, Stream
from webpush_app.protocol.curl_transport import CurlTransport
from webpush_app.protocol.transport import Answer, Trouble

INTERNAL_ERROR, REFUSED_STREAM = 2, 7


def fifth(path: str) -> bool:
    return int(path.rpartition("/")[2]) % 5 == 4


def test_a_stream_that_is_reset_is_a_reset_and_no_other(
    http2_transport: CurlTransport, http2_service: Http2Service
) -> None:
    ask(http2_transport)
    http2_service.on = lambda stream: stream.reset(INTERNAL_ERROR) if fifth(stream.path) else stream.answer(201)
    answers = exchanged(http2_transport, numbered(50))
    assert statuses(answers) == {key: Trouble.RESET if key % 5 == 4 else 201 for key in range(50)}
    assert all(trouble_of(answer) is Trouble.RESET for key, answer in answers if key % 5 == 4)
    assert (http2_service.connections, len(http2_service.heard)) == (1, 51)


def test_a_connection_that_is_cut_resets_all_its_streams_and_none_is_sent_again(
    http2_transport: CurlTransport, http2_service: Http2Service
) -> None:
    ask(http2_transport)

    def cut_at_the_tenth(stream: Stream) -> None:
        if len(http2_service.heard) == 11:
            stream.connection.cut()

    http2_service.on = cut_at_the_tenth
    assert statuses(exchanged(http2_transport, numbered(10))) == dict.fromkeys(range(10), Trouble.RESET)
    assert len(http2_service.heard) == 11
    http2_service.on = Stream.answer
    assert statuses(exchanged(http2_transport, numbered(3))) == dict.fromkeys(range(3), 201)
    assert http2_service.connections == 2


def test_what_was_sent_after_a_goaway_is_sent_again_over_another_connection(
    http2_transport: CurlTransport, http2_service: Http2Service
) -> None:
    """As services do that have had enough requests on a connection: what came later was not looked at."""
    ask(http2_transport)

    def go_away_at_the_tenth(stream: Stream) -> None:
        if len(http2_service.heard) == 11:
            stream.connection.go_away(http2_service.heard[5].number)
            for one in http2_service.heard[1:6]:
                stream.later(0.1, one.answer)
        elif len(http2_service.heard) > 11:
            stream.answer(201)

    http2_service.on = go_away_at_the_tenth
    assert statuses(exchanged(http2_transport, numbered(10))) == dict.fromkeys(range(10), 201)
    assert http2_service.connections == 2
    assert set(Counter(http2_service.paths[1:]).values()) == {1, 2}
    assert len(http2_service.heard) == 16


def test_a_refused_stream_is_sent_again_once(http2_transport: CurlTransport, http2_service: Http2Service) -> None:
    ask(http2_transport)
    http2_service.on = lambda stream: (
        stream.reset(REFUSED_STREAM) if fifth(stream.path) else stream.later(0.3, stream.answer)
    )
    answers = statuses(exchanged(http2_transport, numbered(10)))
    assert answers == {key: Trouble.RESET if key % 5 == 4 else 201 for key in range(10)}
    assert Counter(http2_service.paths[1:]) == {f"/wpush/v2/{key}": 2 if key % 5 == 4 else 1 for key in range(10)}


def end_with_goaway(stream: Stream) -> None:
    stream.answer(201)
    stream.connection.go_away(stream.number)
    stream.connection.end()


def end_without_a_word(stream: Stream) -> None:
    stream.answer(201)
    stream.connection.end()


@pytest.mark.parametrize("pause", [0.0, 1.2])
@pytest.mark.parametrize("end", [end_with_goaway, end_without_a_word])
def test_a_kept_connection_that_the_server_ended_is_not_used(
    http2_transport: CurlTransport, http2_service: Http2Service, end: On, pause: float
) -> None:
    http2_service.on = end
    for _time in range(3):
        [answer] = ask(http2_transport)
        assert isinstance(answer, Answer), answer
        http2_service.wait_until_all_are_closed()
        time.sleep(pause)
    assert (len(http2_service.heard), http2_service.connections) == (3, 3)


def drip(stream: Stream) -> None:
    stream.begin(201, {})

    def drop() -> None:
        stream.say(b"x")
        stream.later(0.05, drop)

    drop()


def hang(_stream: Stream) -> None:
    pass


def promise(stream: Stream) -> None:
    stream.begin(201, {"content-length": "5"})


@pytest.mark.parametrize("slow", [drip, hang, promise])
def test_who_is_too_slow_is_left_at_the_deadline_and_holds_up_nobody(
    http2_transport: CurlTransport, http2_service: Http2Service, slow: On
) -> None:
    ask(http2_transport)
    http2_service.on = lambda stream: slow(stream) if fifth(stream.path) else stream.answer(201)
    began, at = time.monotonic(), {}
    http2_transport.exchange(numbered(20), lambda key, answer: at.update({key: (time.monotonic() - began, answer)}))
    for key, (seconds, answer) in at.items():
        if key % 5 == 4:
            assert trouble_of(answer) is Trouble.TIMEOUT
            assert DEADLINE - 0.1 < seconds < DEADLINE + 3
        else:
            assert isinstance(answer, Answer)
            assert seconds < DEADLINE * 0.9
    assert http2_service.connections == 1
    http2_service.on = Stream.answer
    assert statuses(exchanged(http2_transport, numbered(3))) == dict.fromkeys(range(3), 201)


@pytest.mark.parametrize("count", [20, 200])
def test_headers_that_are_too_long_are_a_bad_answer(
    http2_transport: CurlTransport, http2_service: Http2Service, count: int
) -> None:
    http2_service.on = lambda stream: stream.answer(201, b"", {f"x-{number}": "y" * 1000 for number in range(count)})
    [answer] = ask(http2_transport)
    assert trouble_of(answer) is Trouble.BAD_ANSWER
    http2_service.on = Stream.answer
    # What was left of those headers may end the connection, sooner or later; then there is a new one.
    found = [statuses(exchanged(http2_transport, numbered(3))) for _ in range(4)]
    assert dict.fromkeys(range(3), 201) in found


@pytest.mark.parametrize("said", [b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", b"\0" * 100, b"\xff" * 100])
def test_what_is_no_http_2_is_a_bad_answer_or_a_reset(
    http2_transport: CurlTransport, http2_service: Http2Service, said: bytes
) -> None:
    def behave(stream: Stream) -> None:
        stream.connection.connection.sendall(said)
        raise Ended

    http2_service.on = behave
    [answer] = ask(http2_transport)
    assert trouble_of(answer) in (Trouble.BAD_ANSWER, Trouble.RESET)
