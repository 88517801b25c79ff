"""The contract of every transport, part three: nothing is connected to that was not judged, whatever DNS says."""

import contextlib
import socket
import time

import pytest

from tests.protocol.conftest import HOST, MakeTransport, Names, ask, request_to
from tests.protocol.raw_service import RawService, Talk
from webpush_app.protocol.transport import PUBLIC, Answer, NoAnswer, SocketAddress, Trouble, by_dns


def is_refused(answer: Answer | NoAnswer) -> bool:
    return isinstance(answer, NoAnswer) and answer.trouble is Trouble.ADDRESS_REFUSED


def is_local(address: str) -> bool:
    return address in ("127.0.0.1", "127.0.0.2")


def test_without_another_rule_only_public_addresses_are_called(
    make_transport: MakeTransport, service: RawService
) -> None:
    [answer] = ask(make_transport(rule=PUBLIC))
    assert is_refused(answer)
    assert service.connections == 0


@pytest.mark.parametrize("order", [1, -1])
def test_one_address_that_is_refused_refuses_the_whole_name(
    make_transport: MakeTransport, service: RawService, other_service: RawService, order: int
) -> None:
    both = [("127.0.0.1", service.address[1]), ("127.0.0.2", other_service.address[1])][::order]
    [answer] = ask(make_transport(resolve=Names(*both)))
    assert is_refused(answer)
    assert (service.connections, other_service.connections) == (0, 0)


def test_every_address_is_judged(make_transport: MakeTransport) -> None:
    judged: list[str] = []

    def rule(address: str) -> bool:
        judged.append(address)
        return len(judged) < 3

    addresses = ["127.0.0.1", "::1", "127.0.0.1"]
    [answer] = ask(make_transport(rule=rule, resolve=Names(*((address, 9) for address in addresses))))
    assert is_refused(answer)
    assert judged == addresses


def test_a_name_is_looked_up_once_for_each_connection(
    make_transport: MakeTransport, service: RawService, names: Names
) -> None:
    ask(make_transport(), request_to(), request_to())
    assert names.asked == [(HOST, 443)]


def test_a_second_answer_of_dns_is_judged_before_it_is_used(
    make_transport: MakeTransport,
    service: RawService,
    other_service: RawService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name that leads to a push service when it is judged, and into the house afterwards."""
    for seconds in ("FRESH_SECONDS", "USED_SECONDS"):  # as if it were asked again after a while
        monkeypatch.setattr(f"webpush_app.protocol.names.{seconds}", 0.3)
    answers = iter([service.address, ("127.0.0.2", other_service.address[1])])

    def look_up(_host: str, _port: int) -> list[tuple[int, SocketAddress]]:
        return [(socket.AF_INET, next(answers))]

    def answer_and_end(talk: Talk) -> None:
        talk.answer(201)
        talk.end()

    service.behave = answer_and_end
    transport = make_transport(resolve=look_up)
    [first] = ask(transport)
    service.wait_until_all_are_closed()
    time.sleep(0.4)
    [second] = ask(transport)
    assert isinstance(first, Answer)
    assert is_refused(second)
    assert other_service.connections == 0


def test_the_address_that_was_judged_is_the_one_that_is_called(
    make_transport: MakeTransport, service: RawService, other_service: RawService
) -> None:
    """Each look-up gives another address: whoever looks up again after judging ends at the wrong one."""
    calls = iter([service.address] + [other_service.address] * 10)
    [answer] = ask(make_transport(resolve=lambda _host, _port: [(socket.AF_INET, next(calls))]))
    assert isinstance(answer, Answer)
    assert (service.connections, other_service.connections) == (1, 0)


def test_where_the_first_address_refuses_the_next_one_is_called(
    make_transport: MakeTransport, service: RawService
) -> None:
    both = Names(("127.0.0.2", service.address[1]), service.address)  # nobody listens at the first
    [answer] = ask(make_transport(resolve=both, rule=is_local))
    assert isinstance(answer, Answer)


def test_an_address_that_swallows_everything_leaves_time_for_the_next_one(
    make_transport: MakeTransport, service: RawService
) -> None:
    full_address = ("127.0.0.2", service.address[1])
    with socket.create_server(full_address, backlog=0) as full, contextlib.ExitStack() as waiting:
        for _place in range(4):  # more than its queue holds
            caller = waiting.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        both = Names(full_address, service.address)
        [answer] = ask(make_transport(resolve=both, rule=is_local, deadline_seconds=4.0))
    assert isinstance(answer, Answer)


def test_an_address_that_connects_gets_all_the_time_that_is_left(
    make_transport: MakeTransport, service: RawService
) -> None:
    service.greets_after_seconds = 2.5
    both = Names(service.address, service.address)
    [answer] = ask(make_transport(resolve=both, deadline_seconds=4.0))
    assert isinstance(answer, Answer)
    assert service.connections == 1


def test_an_address_written_into_the_url_is_judged_too(make_transport: MakeTransport, service: RawService) -> None:
    transport = make_transport(rule=PUBLIC, resolve=by_dns)
    for host in ("127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"):
        [answer] = ask(transport, request_to(host))
        assert isinstance(answer, NoAnswer), host
        assert answer.trouble in (Trouble.ADDRESS_REFUSED, Trouble.DNS), (host, answer)
    assert service.connections == 0


def test_dns_gives_addresses_with_their_families() -> None:
    found = by_dns("localhost", 443)
    assert {(family, address[0]) for family, address in found} <= {
        (socket.AF_INET, "127.0.0.1"),
        (socket.AF_INET6, "::1"),
    }
    assert {address[1] for _family, address in found} == {443}
