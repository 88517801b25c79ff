"""How a transport is made to reach the stand-in: every host is at its address, and no other address may be called. The
rest stays as it is: the endpoint's form is judged, and its host's name must be in the certificate."""

import socket
from pathlib import Path
from typing import TypedDict

from webpush_app.protocol.transport import AddressRule, Resolver, SocketAddress


class TransportOptions(TypedDict):
    rule: AddressRule
    resolve: Resolver
    ca_file: str


def transport_options(stand_in: str, ca_file: Path) -> TransportOptions:
    """The stand-in is "127.0.0.1:PORT"."""
    host, _, port = stand_in.rpartition(":")
    place: SocketAddress = (host, int(port))

    def resolve(_host: str, _port: int) -> list[tuple[int, SocketAddress]]:
        return [(socket.AF_INET, place)]

    return {"rule": lambda address: address == host, "resolve": resolve, "ca_file": str(ca_file)}
