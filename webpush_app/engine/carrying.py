"""The transport of a worker: which one the settings ask for, and how long it may wait for an answer."""

from collections.abc import Callable

from flask import Flask

from webpush_app.errors import StartError
from webpush_app.protocol.transport import DEADLINE_SECONDS, Transport
from webpush_app.protocol.transports import TransportMissing, transport_named

MakeTransport = Callable[..., Transport]


def transport_for(app: Flask) -> MakeTransport:
    name = app.config["SETTINGS"].push_transport
    try:
        return transport_named(name)
    except TransportMissing as missing:
        raise StartError(f"PUSH_TRANSPORT is {name}, but {missing}") from None


def open_transport(app: Flask, make_transport: MakeTransport) -> Transport:
    """What is sent as late as may be is answered, or given up, well before its lease ends."""
    return make_transport(deadline_seconds=min(DEADLINE_SECONDS, app.config["PUSH_LEASE_SECONDS"] / 6))
