"""Which transport carries the pushes. Only who sends imports this: libcurl has no place in a process of gevent's."""

import logging
from collections.abc import Callable

from webpush_app.protocol.requests_transport import RequestsTransport
from webpush_app.protocol.transport import Transport

try:
    from webpush_app.protocol.curl_transport import CurlTransport
except ImportError as problem:  # pycurl is not there, or the libraries that it was built with are not
    _why_not: str | None = str(problem)
else:
    _why_not = None

log = logging.getLogger(__name__)


class TransportMissing(Exception):
    """Says what is not there, and what to do."""


def transport_named(name: str) -> Callable[..., Transport]:
    """What makes transports of that kind. "auto" is libcurl wherever it can be loaded."""
    if name == "requests":
        return RequestsTransport
    if _why_not is None:
        return CurlTransport
    if name == "libcurl":
        raise TransportMissing(f"pycurl cannot be loaded ({_why_not}). Install it, or choose requests.")
    log.warning(
        "pycurl cannot be loaded (%s): pushes are carried by Requests, which takes more time for each", _why_not
    )
    return RequestsTransport
