"""The contract of every transport, part one: what is sent, what is answered, and what is kept between two requests."""

import gzip
import time

import pytest

from tests.protocol.conftest import HOST, OTHER_HOST, MakeTransport, Names, ask, request_to
from tests.protocol.raw_service import RawService, Talk
from webpush_app.protocol.transport import MAX_ANSWER_BYTES, Answer, Transport

HUGE = 20 * 1024 * 1024


def test_a_push_is_posted_as_it_stands(transport: Transport, service: RawService) -> None:
    [answer] = ask(transport, request_to(HOST, "/wpush/v2/a:b?c=%3d", b"\0\xff\r\n"))
    [asked] = service.asked
    assert (asked.path, asked.body) == ("/wpush/v2/a:b?c=%3D", b"\0\xff\r\n") or asked.path == "/wpush/v2/a:b?c=%3d"
    assert asked.headers["host"] == HOST
    assert asked.headers["ttl"] == "60"
    assert asked.headers["authorization"] == "vapid t=a,k=b"
    assert asked.headers["content-length"] == "4"
    assert "content-type" not in asked.headers
    assert "cookie" not in asked.headers
    assert answer == Answer(201, {"content-length": "0"}, b"", is_cut=False)


def test_names_of_headers_come_in_lower_case_and_repeated_ones_joined(
    transport: Transport, service: RawService
) -> None:
    service.behave = lambda talk: talk.say(
        b"HTTP/1.1 429 Slow\r\nRetry-After: 5\r\nX-WNS-Status: a\r\nx-wns-status: b\r\nContent-Length: 2\r\n\r\nno"
    )
    [answer] = ask(transport)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body) == (429, b"no")
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["x-wns-status"] == "a, b"


@pytest.mark.parametrize("status", [200, 201, 204, 304, 400, 410, 429, 500, 503, 599, 999])
def test_whatever_the_status_it_is_an_answer(transport: Transport, service: RawService, status: int) -> None:
    service.behave = lambda talk: talk.say(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
    [answer] = ask(transport)
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body, answer.is_cut) == (status, b"", False)


def test_a_connection_is_kept_for_the_next_request(transport: Transport, service: RawService) -> None:
    ask(transport, request_to(), request_to(), request_to())
    assert (len(service.asked), service.connections) == (3, 1)


def test_another_host_gets_a_connection_of_its_own(transport: Transport, service: RawService) -> None:
    ask(transport, request_to(HOST), request_to(OTHER_HOST), request_to(HOST))
    assert service.connections == 2


def test_a_kept_connection_that_the_server_ended_is_not_used(transport: Transport, service: RawService) -> None:
    def answer_and_end(talk: Talk) -> None:
        talk.answer(201)
        talk.end()

    service.behave = answer_and_end
    for _time in range(3):
        [answer] = ask(transport)
        assert isinstance(answer, Answer)
        assert answer.status == 201
        service.wait_until_all_are_closed()
    assert (len(service.asked), service.connections) == (3, 3)


@pytest.mark.parametrize("length", [0, 1, MAX_ANSWER_BYTES - 1, MAX_ANSWER_BYTES])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_an_answer_that_fits_is_kept_whole_and_its_connection_too(
    transport: Transport, service: RawService, length: int, is_chunked: bool
) -> None:
    def answer(talk: Talk) -> None:
        if not is_chunked:
            return talk.answer(200, b"y" * length)
        chunks = b"%x\r\n%b\r\n" % (length, b"y" * length) if length else b""
        return talk.say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")

    service.behave = answer
    for got in ask(transport, request_to(), request_to()):
        assert isinstance(got, Answer)
        assert (got.body, got.is_cut) == (b"y" * length, False)
    assert service.connections == 1


HEADS = {
    "its length told": b"Content-Length: %d\r\n" % HUGE,
    "in chunks": b"Transfer-Encoding: chunked\r\n",
    "until the end": b"Connection: close\r\n",
}


@pytest.mark.parametrize("status", [b"200 OK", b"302 Found", b"410 Gone"])
@pytest.mark.parametrize("how", HEADS)
def test_of_a_huge_answer_only_the_beginning_is_read(
    transport: Transport, service: RawService, how: str, status: bytes
) -> None:
    said: list[int] = []

    def answer(talk: Talk) -> None:
        talk.say(b"HTTP/1.1 " + status + b"\r\nLocation: /elsewhere\r\n" + HEADS[how] + b"\r\n")
        piece = b"z" * 65536
        for _piece in range(HUGE // len(piece)):
            said.append(len(piece))
            talk.say(b"%x\r\n%b\r\n" % (len(piece), piece) if how == "in chunks" else piece)

    service.behave = answer
    started = time.monotonic()
    [got] = ask(transport)
    assert isinstance(got, Answer)
    assert (got.body, got.is_cut) == (b"z" * MAX_ANSWER_BYTES, True)
    assert time.monotonic() - started < 5
    service.wait_until_all_are_closed()
    assert sum(said) < HUGE


def test_one_byte_too_many_is_cut(transport: Transport, service: RawService) -> None:
    service.behave = lambda talk: talk.answer(200, b"y" * (MAX_ANSWER_BYTES + 1))
    [got, again] = ask(transport, request_to(), request_to())
    assert isinstance(got, Answer)
    assert (len(got.body), got.is_cut) == (MAX_ANSWER_BYTES, True)
    assert again == got


def test_a_packed_answer_is_not_unpacked(transport: Transport, service: RawService) -> None:
    bomb = gzip.compress(b"\0" * HUGE)[:8000]
    service.behave = lambda talk: talk.answer(200, bomb, Content_Encoding="gzip")
    [got] = ask(transport)
    assert isinstance(got, Answer)
    assert (got.body, got.is_cut) == (bomb, False)
    assert "gzip" not in service.asked[0].headers.get("accept-encoding", "")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_answered_and_not_followed(
    transport: Transport, service: RawService, other_service: RawService, names: Names, status: int
) -> None:
    def answer(talk: Talk) -> None:
        names.addresses = [other_service.address]  # to where every name leads from now on
        talk.answer(status, b"moved", Location=f"https://{OTHER_HOST}/elsewhere")

    service.behave = answer
    [got] = ask(transport)
    assert isinstance(got, Answer)
    assert (got.status, got.body) == (status, b"moved")
    assert (len(service.asked), other_service.connections) == (1, 0)


@pytest.mark.parametrize("location", ["", "http://[::1", "https://\xff/", "//", "javascript:alert(1)"])
def test_an_odd_redirect_does_no_harm(transport: Transport, service: RawService, location: str) -> None:
    said = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode("latin-1")
    service.behave = lambda talk: talk.say(said)
    [got] = ask(transport)
    assert isinstance(got, Answer)
    assert got.status == 302


def test_cookies_are_not_kept(transport: Transport, service: RawService) -> None:
    service.behave = lambda talk: talk.answer(201, Set_Cookie="tracked=1; Path=/; Max-Age=9999; Secure")
    ask(transport, request_to(), request_to(), request_to(OTHER_HOST))
    assert [talk.headers.get("cookie") for talk in service.asked] == [None] * 3


def test_what_the_environment_says_about_proxies_and_trust_is_ignored(
    make_transport: MakeTransport,
    service: RawService,
    other_service: RawService,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("home")
    (folder / "netrc").write_text(f"machine {HOST} login susan password secret\n", encoding="utf-8")
    host, port = other_service.address
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, f"http://{host}:{port}")
    monkeypatch.setenv("NETRC", str(folder / "netrc"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    monkeypatch.setenv("CURL_CA_BUNDLE", "/nowhere.pem")
    [got] = ask(make_transport())
    assert isinstance(got, Answer)
    assert service.asked[0].headers["authorization"] == "vapid t=a,k=b"
    assert other_service.connections == 0
