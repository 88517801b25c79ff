"""Who may read `/metrics`, and its text for Prometheus. What is measured is handed in by the factory.

Nothing is counted in the memory of this process, which answers only some of the requests and sends no pushes: every
figure is read from the database when it is asked for, but for the sockets that are open here. So prometheus-client
writes the text and does nothing else here; its own collectors, of this process and of Python, are no sources of ours.
"""

import hmac
import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence

from flask import Flask, current_app, request
from flask_login import current_user
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client import Metric, generate_latest
from prometheus_client.registry import Collector

from webpush_app.web.cookies import is_this_machine

__all__ = ["CONTENT_TYPE", "Source", "init_app", "may_read", "render"]

Source = Callable[[], Iterable[Metric]]
_SOURCES = "metric_sources"
_SENT_BY_PROXIES = ("Forwarded", "Via", "X-Real-Ip", "X-Client-Ip", "X-Forwarded")


def init_app(app: Flask, sources: Sequence[Source]) -> None:
    app.extensions[_SOURCES] = tuple(sources)


def render() -> bytes:
    return generate_latest(_Sources())


def may_read() -> bool:
    return _is_this_machine_itself() or _has_token() or _is_admin()


def _is_this_machine_itself() -> bool:
    """Not a visitor whom a proxy on this machine lets in, nor a page of another site that had its name lead here.

    Some proxies add nothing by which they could be known: where one is said to be there, or there is a token, nobody is
    taken for this machine.
    """
    settings = current_app.config["SETTINGS"]
    if settings.trusted_proxies or settings.metrics_token:
        return False
    if any(name.startswith(_SENT_BY_PROXIES) for name, _value in request.headers):
        return False
    try:
        is_near = ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
    return is_near and is_this_machine(request.host)


def _has_token() -> bool:
    token: str | None = current_app.config["SETTINGS"].metrics_token
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if not token or kind.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode("utf-8", "replace"), token.encode())


def _is_admin() -> bool:
    return bool(current_user.is_authenticated and current_user.is_admin)


class _Sources(Collector):
    def collect(self) -> Iterator[Metric]:
        sources: Sequence[Source] = current_app.extensions[_SOURCES]
        for source in sources:
            yield from source()
