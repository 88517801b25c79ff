"""The contract of every transport, part two: what goes wrong has a name, ends at the deadline, and tells no secret."""

import logging
import socket
import threading
import time
from collections.abc import Callable

import pytest

from tests.protocol.conftest import SECRET, MakeTransport, Names, ask, request_to
from tests.protocol.raw_service import RawService, Talk
from tests.push.certificate import Certificate
from webpush_app.protocol.transport import Answer, NoAnswer, SocketAddress, Transport, Trouble

HEAD = b"HTTP/1.1 201 Created\r\n"
DEADLINE = 0.6
SLACK = 2.0  # for a machine that is busy


def trouble_of(answer: Answer | NoAnswer) -> Trouble:
    assert isinstance(answer, NoAnswer), answer
    assert answer.detail
    assert SECRET not in answer.detail
    return answer.trouble


def cut(said: bytes) -> Callable[[Talk], None]:
    def behave(talk: Talk) -> None:
        talk.say(said)
        talk.reset()

    return behave


def end(said: bytes) -> Callable[[Talk], None]:
    def behave(talk: Talk) -> None:
        talk.say(said)
        talk.end()

    return behave


def hang(said: bytes) -> Callable[[Talk], None]:
    def behave(talk: Talk) -> None:
        talk.say(said)
        talk.hang()

    return behave


def drip(said: bytes, dripped: bytes) -> Callable[[Talk], None]:
    def behave(talk: Talk) -> None:
        talk.say(said)
        talk.drip(dripped)

    return behave


SLOW: dict[str, Callable[[Talk], None]] = {
    "says nothing": Talk.hang,
    "drips the first line": drip(b"HTTP/1.1 201 ", b"x"),
    "drips a header": drip(HEAD + b"X-Long: ", b"x"),
    "drips headers": drip(HEAD, b"X-More: x\r\n"),
    "drips a body": drip(HEAD + b"Content-Length: 5000\r\n\r\n", b"x"),
    "drips chunks": drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "drips a body without a length": drip(HEAD + b"Connection: close\r\n\r\n", b"x"),
    "says for ever that it goes on": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "promises a body": hang(HEAD + b"Content-Length: 5\r\n\r\n"),
}


@pytest.mark.parametrize("how", SLOW)
def test_who_is_too_slow_is_left_at_the_deadline(make_transport: MakeTransport, service: RawService, how: str) -> None:
    service.behave = SLOW[how]
    started = time.monotonic()
    [answer] = ask(make_transport(deadline_seconds=DEADLINE))
    assert DEADLINE - 0.1 < time.monotonic() - started < DEADLINE + SLACK
    assert trouble_of(answer) is Trouble.TIMEOUT
    service.wait_until_all_are_closed()


def test_who_is_silent_from_the_start_is_left_at_the_deadline(
    make_transport: MakeTransport, service: RawService
) -> None:
    service.speaks = False
    started = time.monotonic()
    [answer] = ask(make_transport(deadline_seconds=DEADLINE))
    assert time.monotonic() - started < DEADLINE + SLACK
    assert trouble_of(answer) is Trouble.TIMEOUT


def test_who_reads_too_slowly_is_left_at_the_deadline(make_transport: MakeTransport, service: RawService) -> None:
    """Also when most of the time went by before anything was sent."""
    service.reads_slowly, service.greets_after_seconds = True, 2.5
    started = time.monotonic()
    [answer] = ask(make_transport(deadline_seconds=3.0), request_to(body=bytes(20_000_000)))
    assert time.monotonic() - started < 3.0 + SLACK
    assert trouble_of(answer) is Trouble.TIMEOUT


def test_a_look_up_that_hangs_is_left_at_the_deadline(make_transport: MakeTransport, service: RawService) -> None:
    goes_on, went_on = threading.Event(), threading.Event()

    def look_up(_host: str, _port: int) -> list[tuple[int, SocketAddress]]:
        goes_on.wait(timeout=20)
        went_on.set()
        return [(socket.AF_INET, service.address)]

    started = time.monotonic()
    [answer] = ask(make_transport(resolve=look_up, deadline_seconds=DEADLINE))
    assert time.monotonic() - started < DEADLINE + SLACK
    assert trouble_of(answer) is Trouble.TIMEOUT
    goes_on.set()
    assert went_on.wait(timeout=20)
    time.sleep(0.2)
    assert service.connections == 0


def test_each_request_on_a_kept_connection_has_a_deadline_of_its_own(
    make_transport: MakeTransport, service: RawService
) -> None:
    def behave(talk: Talk) -> None:
        time.sleep(0.7)
        talk.answer(201)

    service.behave = behave
    answers = ask(make_transport(deadline_seconds=2.0), request_to(), request_to(), request_to())
    assert [isinstance(answer, Answer) for answer in answers] == [True] * 3
    assert service.connections == 1


RESETS: dict[str, Callable[[Talk], None]] = {
    "before the answer": Talk.reset,
    "in the first line": cut(b"HTTP/1."),
    "in the headers": cut(HEAD + b"Content-Le"),
    "in the body": cut(HEAD + b"Content-Length: 100\r\n\r\nxyz"),
    "in the chunks": cut(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"),
    "ended before the answer": Talk.end,
    "ended in the first line": end(b"HTTP/1."),
    "ended in the headers": end(HEAD + b"Retry-After: 36"),
    "ended after the headers": end(HEAD + b"Content-Length: 100\r\n\r\n"),
    "ended in the body": end(HEAD + b"Content-Length: 100\r\n\r\nxyz"),
    "ended in the chunks": end(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab"),
}


@pytest.mark.parametrize("how", RESETS)
def test_a_cut_connection_is_a_reset_and_is_not_tried_again(
    transport: Transport, service: RawService, how: str
) -> None:
    service.behave = RESETS[how]
    [answer] = ask(transport)
    assert trouble_of(answer) is Trouble.RESET
    service.wait_until_all_are_closed()
    assert (len(service.asked), service.connections) == (1, 1)


def test_a_kept_connection_cut_during_the_next_request_is_not_tried_again(
    transport: Transport, service: RawService
) -> None:
    service.behave = lambda talk: talk.answer(201) if len(service.asked) == 1 else talk.reset()
    [first, second] = ask(transport, request_to(), request_to())
    assert isinstance(first, Answer)
    assert trouble_of(second) is Trouble.RESET
    assert (len(service.asked), service.connections) == (2, 1)


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 abc Created\r\n\r\n",
        b"\0" * 100 + b"\r\n\r\n",
        b"HTTP/1.1 " + b"2" * 70_000 + b"\r\n\r\n",
        HEAD + b"".join(b"X-%d: x\r\n" % number for number in range(10_000)) + b"\r\n",
    ],
)
def test_what_is_no_http_answer_is_a_bad_answer(transport: Transport, service: RawService, said: bytes) -> None:
    service.behave = end(said)
    [answer] = ask(transport)
    assert trouble_of(answer) is Trouble.BAD_ANSWER


def test_a_port_where_nobody_listens_refuses(transport: Transport, names: Names) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    names.addresses = [address]
    [answer] = ask(transport)
    assert trouble_of(answer) is Trouble.REFUSED


def test_an_unknown_name_is_trouble_with_dns(make_transport: MakeTransport, service: RawService) -> None:
    def look_up(_host: str, _port: int) -> list[tuple[int, SocketAddress]]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    [answer] = ask(make_transport(resolve=look_up))
    assert trouble_of(answer) is Trouble.DNS
    assert service.connections == 0


def test_a_name_without_addresses_is_trouble_with_dns(transport: Transport, names: Names) -> None:
    names.addresses = []
    [answer] = ask(transport)
    assert trouble_of(answer) is Trouble.DNS


def test_a_certificate_that_nobody_vouches_for_is_trouble_with_tls(
    make_transport: MakeTransport, service: RawService, another_authority: Certificate
) -> None:
    for ca_file in (None, str(another_authority.ca_file)):
        [answer] = ask(make_transport(ca_file=ca_file))
        assert trouble_of(answer) is Trouble.TLS
    assert service.asked == []


def test_a_certificate_for_another_name_is_trouble_with_tls(transport: Transport, service: RawService) -> None:
    [answer] = ask(transport, request_to("fcm.googleapis.com"))
    assert trouble_of(answer) is Trouble.TLS
    assert service.asked == []


def test_a_handshake_that_is_cut_is_trouble_with_tls(transport: Transport, service: RawService) -> None:
    service.cuts_handshake = True
    [answer] = ask(transport)
    assert trouble_of(answer) is Trouble.TLS


def test_after_any_trouble_the_next_request_goes_well(transport: Transport, service: RawService) -> None:
    service.behave = Talk.reset
    ask(transport)
    service.behave = lambda talk: talk.answer(201)
    [answer] = ask(transport)
    assert isinstance(answer, Answer)


def test_the_endpoint_is_in_no_log(transport: Transport, service: RawService, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for behave in (lambda talk: talk.answer(302, Location="/x"), end(HEAD + b"no header at all\r\n\r\n"), Talk.reset):
        service.behave = behave
        ask(transport)
    assert SECRET not in caplog.text
    assert SECRET not in repr(request_to())


def test_a_url_that_is_not_https_is_not_called(transport: Transport, names: Names) -> None:
    request = request_to()
    [answer] = ask(transport, type(request)(request.url.replace("https:", "http:"), request.headers, request.body))
    assert trouble_of(answer) is Trouble.ADDRESS_REFUSED
    assert names.asked == []
