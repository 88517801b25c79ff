"""Asking the real server for a WebSocket in ways that it refuses."""

import http.client
from collections.abc import Mapping

from tests.notifications.live_page import PATH
from tests.server.visitors import COOKIE

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def upgrade(port: int, cookie: str | None = None, **changed: str | None) -> dict[str, str]:
    """The headers of a page that asks rightly; `Sec_WebSocket_Key=None` leaves one out."""
    headers: dict[str, str | None] = {
        "Host": f"localhost:{port}",
        "Origin": f"http://localhost:{port}",
        "Upgrade": "websocket",
        "Connection": "keep-alive, Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
        "Cookie": None if cookie is None else f"{COOKIE}={cookie}",
    }
    headers |= {name.replace("_", "-"): value for name, value in changed.items()}
    return {name: value for name, value in headers.items() if value is not None}


def ask(
    port: int, headers: Mapping[str, str], *, path: str = PATH, method: str = "GET", body: bytes | None = None
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        if response.status != 101:
            response.read()
        return response
    finally:
        connection.close()
