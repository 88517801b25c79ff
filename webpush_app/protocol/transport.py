"""The seam below which pushes are carried: plain requests go in, plain answers come out, in whatever way they travel.

An exchange goes on for as long as there is something to send, a worker's life if need be. Every transport checks the
address right where it connects, whatever DNS said before, follows no redirect, uses no proxy, reads only the beginning
of an answer, and has one deadline for everything of a request and its answer.
"""

import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from webpush_app.protocol.endpoints import is_public

MAX_ANSWER_BYTES = 8 * 1024
DEADLINE_SECONDS = 10.0
IDLE_SECONDS = 0.5
"""Who had nothing to send is asked again after so long, whatever happens."""

SocketAddress = tuple[str, int] | tuple[str, int, int, int]
Resolver = Callable[[str, int], Sequence[tuple[int, SocketAddress]]]
"""From a host and a port to the addresses to try, each with its family. Raises OSError if there is no such name."""

AddressRule = Callable[[str], bool]
"""Whether an IP address may be connected to. Every address of a name must be allowed, or none is tried."""

PUBLIC: AddressRule = is_public


@dataclass(slots=True)
class Request:
    """Always a POST. Never changed; not frozen all the same, because that makes it slow to make."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    """The names in lower case."""
    body: bytes
    is_cut: bool
    """The service sent more than is kept here."""


class Trouble(StrEnum):
    TIMEOUT = "timeout"
    RESET = "reset"
    DNS = "dns"
    REFUSED = "refused"
    TLS = "tls"
    ADDRESS_REFUSED = "address_refused"
    BAD_ANSWER = "bad_answer"


@dataclass(frozen=True)
class NoAnswer:
    trouble: Trouble
    detail: str
    """For the operator. Never holds the endpoint."""


class Transport(Protocol):
    parallel: int
    """The most requests that are under way at once."""

    def exchange(
        self,
        requests: Iterable[tuple[int, Request] | None],
        answered: Callable[[int, Answer | NoAnswer], None],
    ) -> None:
        """Pulls the next request only when it can be sent, and tells of each answer as it comes, in any order, in the
        calling thread. The keys are the caller's. One exchange at a time.

        None means that there is nothing to send at this moment: the iterable is asked again after each answer, after
        `wake`, and at the latest after IDLE_SECONDS. Returns when the iterable has ended and all that was sent is
        answered. If the iterable or `answered` raises, nothing more is pulled, what was sent before is answered first,
        and then the error is raised.
        """
        ...

    def wake(self) -> None:
        """From any thread, at any time: there may be something to pull."""
        ...

    def close(self) -> None: ...


def by_dns(host: str, port: int) -> list[tuple[int, SocketAddress]]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # Where Python was built without IPv6, such an address is raw bytes that nobody can connect to.
    return [(family, (str(address[0]), int(address[1]), *address[2:])) for family, *_, address in found]
