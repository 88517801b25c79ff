"""What only the transport over libcurl has: names that it looks up itself, a limit on connections, one thread."""

import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.protocol.conftest import HOST, OTHER_HOST, MakeTransport, Names, ask, exchanged, request_to
from tests.protocol.raw_service import RawService, Talk
from tests.protocol.test_transport_many import numbered
from tests.push.certificate import Certificate
from webpush_app.protocol import curl_transport, names
from webpush_app.protocol.bell import Bell
from webpush_app.protocol.curl_transport import CurlTransport
from webpush_app.protocol.transport import Answer, NoAnswer, Request, Resolver, SocketAddress, Trouble


@pytest.fixture
def make_transport(service: RawService, certificate: Certificate) -> Iterator[MakeTransport]:
    made: list[CurlTransport] = []

    def make(**given: object) -> CurlTransport:
        usual = {
            "rule": lambda address: address == "127.0.0.1",
            "resolve": Names(service.address),
            "ca_file": str(certificate.ca_file),
        }
        made.append(CurlTransport(**(usual | given)))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for transport in made:
        transport.close()


def trouble_of(answer: Answer | NoAnswer) -> Trouble:
    assert isinstance(answer, NoAnswer), answer
    return answer.trouble


def test_an_address_is_judged_again_when_the_socket_is_opened(
    make_transport: MakeTransport, service: RawService
) -> None:
    judged: list[str] = []

    def only_at_first(address: str) -> bool:
        judged.append(address)
        return len(judged) == 1

    [answer] = ask(make_transport(rule=only_at_first))
    assert trouble_of(answer) is Trouble.ADDRESS_REFUSED
    assert (judged, service.connections) == (["127.0.0.1", "127.0.0.1"], 0)


def test_where_http_1_1_is_spoken_there_are_at_most_twenty_connections(
    make_transport: MakeTransport, service: RawService
) -> None:
    lock, counts = threading.Lock(), {"now": 0, "most": 0}

    def behave(talk: Talk) -> None:
        with lock:
            counts["now"] += 1
            counts["most"] = max(counts.values())
        time.sleep(0.05)
        with lock:
            counts["now"] -= 1
        talk.answer(201)

    service.behave = behave
    answers = exchanged(make_transport(), numbered(200))
    assert [isinstance(answer, Answer) for _key, answer in answers] == [True] * 200
    assert counts["most"] == 20
    assert service.connections == 20


def test_who_waits_for_a_connection_is_told_at_the_deadline_too(
    make_transport: MakeTransport, service: RawService
) -> None:
    service.behave = Talk.hang
    began = time.monotonic()
    answers = exchanged(make_transport(deadline_seconds=1.5), numbered(60))
    assert time.monotonic() - began < 4
    assert {trouble_of(answer) for _key, answer in answers} == {Trouble.TIMEOUT}
    assert len(answers) == 60
    assert len(service.asked) <= 20


def test_a_host_that_hangs_holds_up_no_other(make_transport: MakeTransport, service: RawService) -> None:
    service.behave = lambda talk: talk.hang() if talk.headers["host"] == HOST else talk.answer(201)
    began, at = time.monotonic(), {}
    requests = [(key, request_to(OTHER_HOST if key % 2 else HOST, f"/{key}")) for key in range(60)]
    transport = make_transport(deadline_seconds=5.0)
    transport.exchange(requests, lambda key, answer: at.update({key: (time.monotonic() - began, answer)}))
    assert all(isinstance(answer, Answer) and seconds < 4 for key, (seconds, answer) in at.items() if key % 2)
    assert {trouble_of(answer) for key, (_seconds, answer) in at.items() if key % 2 == 0} == {Trouble.TIMEOUT}


def found_once(service: RawService, asked: list[str]) -> Resolver:
    """The name is found the first time, and then DNS fails."""

    def look_up(host: str, _port: int) -> list[tuple[int, SocketAddress]]:
        asked.append(host)
        if len(asked) > 1:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, service.address)]

    return look_up


def test_an_old_address_is_used_while_dns_fails(
    make_transport: MakeTransport, service: RawService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "FRESH_SECONDS", 0.0)
    asked: list[str] = []
    transport = make_transport(resolve=found_once(service, asked))
    for _time in range(4):
        assert isinstance(ask(transport)[0], Answer)
        time.sleep(0.05)
    assert len(asked) > 1


def test_when_the_old_address_is_too_old_a_name_that_is_not_found_is_asked_for_once(
    make_transport: MakeTransport, service: RawService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "FRESH_SECONDS", 0.1)
    monkeypatch.setattr(names, "USED_SECONDS", 0.2)
    asked: list[str] = []
    transport = make_transport(resolve=found_once(service, asked))
    assert isinstance(ask(transport)[0], Answer)
    time.sleep(0.3)
    assert trouble_of(ask(transport)[0]) is Trouble.DNS
    assert len(asked) == 2


def test_an_address_that_is_not_allowed_any_more_is_not_used_any_more(
    make_transport: MakeTransport, service: RawService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "FRESH_SECONDS", 0.0)
    addresses = Names(service.address)
    transport = make_transport(resolve=addresses)
    assert isinstance(ask(transport)[0], Answer)
    addresses.addresses = [("127.0.0.2", service.address[1])]
    ask(transport)  # while it is looked up again
    time.sleep(0.05)
    ask(transport)
    assert trouble_of(ask(transport)[0]) is Trouble.ADDRESS_REFUSED


def test_a_name_that_moves_is_followed(
    make_transport: MakeTransport, service: RawService, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FRESH_SECONDS", "USED_SECONDS"):
        monkeypatch.setattr(names, name, 0.2)
    addresses = Names(service.address)
    transport = make_transport(resolve=addresses)
    service.behave = lambda talk: talk.answer(201, Connection="close")
    with RawService(certificate) as moved:
        for expected in ((1, 0), (1, 1), (1, 2)):
            assert isinstance(ask(transport)[0], Answer)
            assert (len(service.asked), len(moved.asked)) == expected
            addresses.addresses = [moved.address]
            time.sleep(0.3)
        transport.close()


def test_hosts_that_are_not_called_any_more_are_forgotten(
    make_transport: MakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curl_transport, "MOST_HOSTS", 3)
    transport = make_transport()
    for number in range(10):
        [answer] = ask(transport, request_to(f"wns{number}.notify.windows.com"))
        assert trouble_of(answer) is Trouble.TLS
    assert len(transport._hosts) <= 3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "url",
    [
        "http://fcm.googleapis.com/x",
        "ftp://fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://user@fcm.googleapis.com/x",
        "https://fcm.googleapis.com\\@127.0.0.1/x",
        "https://fcm.googleapis.com/\r\nX: y",
        "https://[::1]/x",
        "https://fcm.googleapis.com",
        "https:///x",
        "/x",
        "",
    ],
)
def test_what_is_no_https_address_of_a_named_host_is_not_called(make_transport: MakeTransport, url: str) -> None:
    transport = make_transport(resolve=lambda _host, _port: pytest.fail("a name was looked up"))
    assert trouble_of(ask(transport, Request(url, {}, b"x"))[0]) is Trouble.ADDRESS_REFUSED


@pytest.mark.parametrize("headers", [{"Topic": "a\r\nX: y"}, {"Topic": "a\nX: y"}, {"X\r\nY": "z"}, {"Topic": "수"}])
def test_a_header_that_cannot_be_sent_is_not_sent(
    make_transport: MakeTransport, service: RawService, headers: dict[str, str]
) -> None:
    assert trouble_of(ask(make_transport(), Request(f"https://{HOST}/x", headers, b"x"))[0]) is Trouble.BAD_ANSWER
    assert service.asked == []


def test_a_long_body_is_sent_without_asking_whether_it_may(make_transport: MakeTransport, service: RawService) -> None:
    assert isinstance(ask(make_transport(), request_to(body=bytes(2_000_000)))[0], Answer)
    [asked] = service.asked
    assert (len(asked.body), "expect" in asked.headers) == (2_000_000, False)


def test_nothing_is_left_open(make_transport: MakeTransport, service: RawService) -> None:
    def opened() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - the list itself is one of them

    before = opened()
    for _time in range(3):
        transport = make_transport(parallel=8)
        assert len(exchanged(transport, numbered(40))) == 40
        transport.close()
    service.wait_until_all_are_closed()
    assert opened() <= before


def test_a_bell_may_be_rung_by_anybody_at_any_time() -> None:
    bell = Bell()
    for _time in range(100_000):
        bell.ring()
    bell.quieten()
    bell.quieten()
    bell.close()
    bell.ring()
