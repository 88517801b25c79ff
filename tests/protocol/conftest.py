"""What the tests of the protocol share: a push service that misbehaves, and every transport there is.

A new transport joins TRANSPORTS, and all tests that ask for `transport` or `make_transport` run with it too.
"""

import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.protocol.http2_service import Http2Service
from tests.protocol.raw_service import RawService
from tests.push.certificate import Certificate
from tests.push.certificate import make as make_certificate
from webpush_app.protocol.curl_transport import CurlTransport
from webpush_app.protocol.requests_transport import RequestsTransport
from webpush_app.protocol.transport import Answer, NoAnswer, Request, SocketAddress, Transport

HOST = "updates.push.services.mozilla.com"
OTHER_HOST = "web.push.apple.com"
SECRET = "gAAAAABsecretTokenOfOneBrowser_0123456789"
TRANSPORTS: dict[str, Callable[..., Transport]] = {"requests": RequestsTransport, "libcurl": CurlTransport}


class MakeTransport(Protocol):
    def __call__(self, **given: Any) -> Transport: ...


def request_to(host: str = HOST, path: str = f"/wpush/v2/{SECRET}", body: bytes = b"x" * 100) -> Request:
    return Request(f"https://{host}{path}", {"TTL": "60", "Authorization": "vapid t=a,k=b"}, body)


def exchanged(
    transport: Transport, requests: Iterable[tuple[int, Request] | None]
) -> list[tuple[int, Answer | NoAnswer]]:
    """All answers, in the order in which they came."""
    told: list[tuple[int, Answer | NoAnswer]] = []
    transport.exchange(requests, lambda key, answer: told.append((key, answer)))
    return told


def ask(transport: Transport, *requests: Request) -> list[Answer | NoAnswer]:
    """One after the other, each alone."""
    answers = []
    for request in requests or (request_to(),):
        [(key, answer)] = exchanged(transport, [(7, request)])
        assert key == 7
        answers.append(answer)
    return answers


class Names:
    """A name server of the tests': all names lead to one address, unless a test says otherwise."""

    def __init__(self, *addresses: tuple[str, int]) -> None:
        self.addresses: Iterable[tuple[str, int]] = addresses
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> list[tuple[int, SocketAddress]]:
        self.asked.append((host, port))
        return [(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, address) for address in self.addresses]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("certificate"), [HOST, OTHER_HOST])


@pytest.fixture
def service(certificate: Certificate) -> Iterator[RawService]:
    with RawService(certificate) as service:
        yield service


@pytest.fixture
def other_service(certificate: Certificate) -> Iterator[RawService]:
    """Where nothing may arrive."""
    with RawService(certificate) as service:
        yield service


@pytest.fixture
def names(service: RawService) -> Names:
    return Names(service.address)


@pytest.fixture(params=TRANSPORTS)
def make_transport(request: pytest.FixtureRequest, names: Names, certificate: Certificate) -> Iterator[MakeTransport]:
    """Without anything given: one that reaches the tests' service alone, and checks its certificate."""
    made: list[Transport] = []

    def make(**given: Any) -> Transport:
        usual = {
            "rule": lambda address: address == "127.0.0.1",
            "resolve": names,
            "ca_file": str(certificate.ca_file),
            "deadline_seconds": 10.0,
            "parallel": 4,
        }
        made.append(TRANSPORTS[request.param](**usual | given))
        return made[-1]

    yield make
    for transport in made:
        transport.close()


@pytest.fixture
def transport(make_transport: MakeTransport) -> Transport:
    return make_transport()


@pytest.fixture
def http2_service(certificate: Certificate) -> Iterator[Http2Service]:
    with Http2Service(certificate) as service:
        yield service


@pytest.fixture
def http2_transport(http2_service: Http2Service, certificate: Certificate) -> Iterator[CurlTransport]:
    transport = CurlTransport(
        rule=lambda address: address == "127.0.0.1",
        resolve=Names(http2_service.address),
        ca_file=str(certificate.ca_file),
        deadline_seconds=2.0,
    )
    yield transport
    transport.close()


@pytest.fixture
def another_authority(tmp_path: Path) -> Certificate:
    return make_certificate(tmp_path, [HOST])
