"""What stands before `/socket.io/`: a WebSocket of this site's own pages, in a live login session, and not too many.

Whoever is refused is refused before the upgrade, in a few words, and without a query where none is needed. Whoever is
let in has a seat that says whose it is; the engine sees that, and nothing else of the request.
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any, Protocol
from urllib.parse import parse_qs

from flask import Flask, session
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wsgi import get_host

from webpush_app.errors import AppError
from webpush_app.notifications.sockets import Seat, Sockets, TooMany
from webpush_app.notifications.turnstile import Turnstile
from webpush_app.notifications.wire import SEAT
from webpush_app.web.origins import names_this_site

PATH = "/socket.io/"
_AGAIN_IN_SECONDS = "5"
_SERVERS = ("gunicorn.socket", "werkzeug.socket")  # those whose socket can be taken over
_FOR_THE_ENGINE = (
    *("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "HTTP_HOST"),
    *("HTTP_UPGRADE", "HTTP_CONNECTION", "HTTP_SEC_WEBSOCKET_KEY", "wsgi.url_scheme", *_SERVERS),
)
_REASONS = {
    400: ("400 Bad Request", "Only a WebSocket upgrade with EIO=4 and transport=websocket is served here."),
    401: ("401 Unauthorized", "Please sign in first."),
    403: ("403 Forbidden", "The Origin header must name this site."),
    429: ("429 Too Many Requests", "Too many sockets of this browser."),
    503: ("503 Service Unavailable", "No room for another socket now. Please try again in a moment."),
}

Environ = dict[str, Any]
Start = Callable[..., Any]
Application = Callable[[Environ, Start], Iterable[bytes]]


class House(Protocol):
    """What is behind the gate."""

    sockets: Sockets
    is_leaving: bool

    def start(self) -> None: ...


class Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class SocketGate:
    def __init__(self, app: Flask, house: House, turnstile: Turnstile, pages: Application, engine: Application) -> None:
        self._app, self._house, self._turnstile, self._pages, self._engine = app, house, turnstile, pages, engine

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        if environ.get("PATH_INFO") != PATH:
            return self._pages(environ, start_response)
        try:
            seat = self._let_in(environ)
        except Refused as refused:
            return _refuse(refused.status, start_response)
        self._house.start()
        try:
            self._engine(_bare(environ, seat), start_response)  # until the socket closes
        finally:
            self._house.sockets.leave(seat)
        # Everything was said on the socket itself: this is how each server is told that there is no answer.
        raise StopIteration if "gunicorn.socket" in environ else ConnectionError

    def _let_in(self, environ: Environ) -> Seat:
        if not _is_upgrade(environ):
            raise Refused(400)
        if not names_this_site(environ.get("HTTP_ORIGIN", ""), environ["wsgi.url_scheme"], get_host(environ)):
            raise Refused(403)
        if self._house.is_leaving or self._house.sockets.is_full or not any(name in environ for name in _SERVERS):
            raise Refused(503)
        try:
            user_id, session_id = self._visitor(environ)
            return self._house.sockets.take_seat(user_id, session_id)
        except TooMany as too_many:
            raise Refused(429 if too_many.of_one else 503) from None
        except (AppError, SQLAlchemyError):
            raise Refused(503) from None

    def _visitor(self, environ: Environ) -> tuple[int, int]:
        with self._app.request_context(environ):
            token = session.get("_user_id")
            if token is not None and not self._turnstile.lets(token):
                raise Refused(429)
            if not current_user.is_authenticated:
                raise Refused(401)
            return current_user.id, current_user.login_session.id


def _is_upgrade(environ: Environ) -> bool:
    connection = [word.strip() for word in environ.get("HTTP_CONNECTION", "").lower().split(",")]
    return (
        environ["REQUEST_METHOD"] == "GET"
        and environ.get("HTTP_UPGRADE", "").lower() == "websocket"
        and "upgrade" in connection
        and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"
        and _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""))
        and _is_ours(environ.get("QUERY_STRING", ""))
    )


def _is_key(given: str) -> bool:
    try:
        return len(base64.b64decode(given, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False


def _is_ours(query: str) -> bool:
    try:
        given = parse_qs(query, max_num_fields=10)
    except ValueError:
        return False
    return given.get("EIO") == ["4"] and given.get("transport") == ["websocket"] and "sid" not in given


def _bare(environ: Environ, seat: Seat) -> Environ:
    """It is kept for as long as the socket lasts, so it holds neither the cookie nor anything else that is private."""
    kept = {name: environ[name] for name in _FOR_THE_ENGINE if name in environ}
    return {**kept, "QUERY_STRING": "EIO=4&transport=websocket", SEAT: seat}


def _refuse(status: int, start_response: Start) -> Iterable[bytes]:
    reason, words = _REASONS[status]
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("X-Content-Type-Options", "nosniff"),
        ("Cache-Control", "no-store"),
    ]
    if status in (429, 503):
        headers.append(("Retry-After", _AGAIN_IN_SECONDS))
    start_response(reason, headers)
    return [f"{words}\n".encode()]
