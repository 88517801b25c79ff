"""libcurl over HTTP/2: many streams on few connections."""

import time
from collections import Counter

import pytest

from tests.protocol.conftest import HOST, ask, exchanged, request_to
from tests.protocol.http2_service import Http2Service
from tests.protocol.test_transport_many import numbered
from tests.push.http2 import Stream
from webpush_app.protocol.curl_transport import CurlTransport
from webpush_app.protocol.hosts import MOST_CONNECTIONS
from webpush_app.protocol.transport import MAX_ANSWER_BYTES, Answer, NoAnswer, Trouble

DEADLINE = 2.0
HUGE = 2 * 1024 * 1024


def statuses(answers: "list[tuple[int, Answer | NoAnswer]]") -> dict[int, int | Trouble]:
    return {key: answer.status if isinstance(answer, Answer) else answer.trouble for key, answer in answers}


def test_a_push_is_posted_as_it_stands(http2_transport: CurlTransport, http2_service: Http2Service) -> None:
    [answer] = ask(http2_transport, request_to(HOST, "/wpush/v2/a:b?c=%3D", b"\0\xff\r\n"))
    [stream] = http2_service.heard
    assert (stream.method, stream.path, stream.body) == ("POST", "/wpush/v2/a:b?c=%3D", b"\0\xff\r\n")
    assert stream.headers["host"] == HOST
    assert (stream.headers["ttl"], stream.headers["authorization"]) == ("60", "vapid t=a,k=b")
    assert stream.headers["content-length"] == "4"
    assert not {"content-type", "cookie", "expect"} & stream.headers.keys()
    assert answer == Answer(201, {"content-length": "0"}, b"", is_cut=False)


@pytest.mark.parametrize("status", [200, 204, 302, 400, 404, 410, 413, 429, 503])
def test_whatever_the_status_it_is_an_answer(
    http2_transport: CurlTransport, http2_service: Http2Service, status: int
) -> None:
    body = b"" if status == 204 else b"slow down"
    http2_service.on = lambda stream: stream.answer(status, body, {"Retry-After": "7", "X-WNS-Status": "a"})
    [answer] = ask(http2_transport)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body, answer.is_cut) == (status, body, False)
    assert (answer.headers["retry-after"], answer.headers["x-wns-status"]) == ("7", "a")


def test_what_is_said_beforehand_is_not_the_answer(http2_transport: CurlTransport, http2_service: Http2Service) -> None:
    def behave(stream: Stream) -> None:
        stream.connection.state.send_headers(stream.number, [(":status", "103"), ("link", "</x>")])
        stream.answer(201)

    http2_service.on = behave
    assert ask(http2_transport) == [Answer(201, {"content-length": "0"}, b"", is_cut=False)]


def test_a_hundred_requests_travel_over_one_connection_at_once(
    http2_transport: CurlTransport, http2_service: Http2Service
) -> None:
    def when_all_are_there(stream: Stream) -> None:
        if len(http2_service.heard) == 101:
            for one in http2_service.heard[1:]:
                one.answer(201)

    ask(http2_transport)
    http2_service.on = when_all_are_there
    assert Counter(statuses(exchanged(http2_transport, numbered(100))).values()) == {201: 100}
    assert http2_service.connections == 1


def test_a_burst_to_a_service_that_is_not_known_opens_no_connection_for_each(
    http2_transport: CurlTransport, http2_service: Http2Service
) -> None:
    assert Counter(statuses(exchanged(http2_transport, numbered(500))).values()) == {201: 500}
    assert http2_service.connections <= 4


def test_where_a_connection_allows_no_more_streams_another_one_is_opened(
    http2_transport: CurlTransport, http2_service: Http2Service
) -> None:
    http2_service.on = lambda stream: stream.later(0.1, stream.answer)
    assert Counter(statuses(exchanged(http2_transport, numbered(1000))).values()) == {201: 1000}
    assert 2 < http2_service.connections <= MOST_CONNECTIONS


def test_of_a_huge_answer_only_the_beginning_is_read_and_the_connection_is_kept(
    http2_transport: CurlTransport, http2_service: Http2Service
) -> None:
    http2_service.on = lambda stream: stream.answer(200, b"z" * HUGE)
    began = time.monotonic()
    for answer in ask(http2_transport, request_to(), request_to()):
        assert isinstance(answer, Answer)
        assert (answer.body, answer.is_cut) == (b"z" * MAX_ANSWER_BYTES, True)
    assert time.monotonic() - began < DEADLINE
    assert http2_service.connections == 1


@pytest.mark.parametrize("size", [MAX_ANSWER_BYTES, MAX_ANSWER_BYTES + 1])
def test_an_answer_that_fits_is_kept_whole(
    http2_transport: CurlTransport, http2_service: Http2Service, size: int
) -> None:
    http2_service.on = lambda stream: stream.answer(200, b"z" * size)
    [answer] = ask(http2_transport)
    assert answer == Answer(200, {"content-length": str(size)}, b"z" * MAX_ANSWER_BYTES, is_cut=size > MAX_ANSWER_BYTES)
