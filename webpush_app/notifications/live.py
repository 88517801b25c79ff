"""The live sockets of open pages: Socket.IO in the namespace `/notifs`, over WebSocket alone.

A page hears what is new and says nothing: what it does goes by HTTP. Nothing is kept here that is not in the database.
"""

import logging
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import Flask, current_app, request
from flask_socketio import SocketIO
from prometheus_client.core import GaugeMetricFamily, Metric

from webpush_app.broker import EXTENSION
from webpush_app.errors import InvalidInput
from webpush_app.notifications import waking
from webpush_app.notifications.courier import Courier
from webpush_app.notifications.hearing import Ear
from webpush_app.notifications.news import News, as_json, read_since
from webpush_app.notifications.shared_turnstile import turnstile_for
from webpush_app.notifications.socket_gate import SocketGate
from webpush_app.notifications.sockets import Seat, Sockets
from webpush_app.notifications.wire import (
    LONGEST_MESSAGE,
    NAMESPACE,
    PING_EVERY_SECONDS,
    PONG_WITHIN_SECONDS,
    SEAT,
    Wire,
)

# What the engine notes of its own repeats what is sent. Its errors are written down, in the house's way.
_engine_log = logging.getLogger(f"{__name__}.engine")
_engine_log.setLevel(logging.ERROR)


class Live:
    def __init__(self, app: Flask) -> None:
        self._pages = app.wsgi_app
        self.sockets = Sockets()
        self._courier = Courier(app, self.sockets, self)
        broker = app.extensions.get(EXTENSION)
        self._ear = Ear(Path(app.instance_path), self.hear, self._go_round, broker)
        self._starting = threading.Lock()
        self._has_started = False
        self.is_leaving = False
        self._socketio = SocketIO(app, **_options())
        engine: Any = self._socketio.server.eio
        engine._async = {**engine._async, "websocket": Wire}
        self._socketio.on_event("connect", self._join, namespace=NAMESPACE)
        turnstile = turnstile_for(app.config["SETTINGS"].database_url, broker)
        app.wsgi_app = SocketGate(app, self, turnstile, self._pages, app.wsgi_app)  # type: ignore[method-assign]

    @property
    def pipe(self) -> Path | None:
        return self._ear.pipe

    def start(self) -> None:
        """With the first socket: a process without any need not listen, and a worker or a command never has one."""
        with self._starting:
            if not self._has_started:
                self._ear.start()
                self._courier.start()
                self._has_started = True

    def hear(self, word: str, ids: Sequence[int]) -> None:
        match word:
            case waking.WAKE:
                self._courier.wake(ids)
            case waking.EVERYBODY:
                self._courier.wake_everybody()
            case waking.CLOSE:
                for seat in self.sockets.of_sessions(ids):
                    seat.close(is_for_good=True)
            case waking.CHECK:
                self._courier.check_sessions()

    def leave(self) -> None:
        """The server stops: pages are told to come back, wherever they then find one."""
        self.is_leaving = True
        self._ear.stop()
        for seat in self.sockets.all():
            seat.close(is_for_good=False)

    def welcome(self, seat: Seat, news: Sequence[News]) -> None:
        server = self._socketio.server
        with suppress(ValueError, KeyError):  # it has left in this very moment
            for room in (f"user_{seat.user_id}", f"session_{seat.session_id}"):
                server.enter_room(seat.sid, room, namespace=NAMESPACE)
        # For whom: a page that was opened by somebody else, in another tab, must not show it.
        self._emit("response", {"meta": "WS connected", "user": str(seat.user_id)}, seat.sid)
        if news:
            self._emit("notification", as_json(news), seat.sid)

    def tell_all_of(self, user_id: int, news: Sequence[News]) -> None:
        self._emit("notification", as_json(news), f"user_{user_id}")

    def _emit(self, event: str, payload: Any, room: str) -> None:
        self._socketio.emit(event, payload, to=room, namespace=NAMESPACE)

    def _join(self, auth: Any = None) -> None:
        environ: dict[str, Any] = request.environ
        seat: Seat = environ[SEAT]
        seat.sid = request.sid  # type: ignore[attr-defined]
        seat.join_by = None
        self._courier.join(seat, _since(auth))

    def _go_round(self) -> None:
        self._ear.say_how_many(len(self.sockets))
        for seat in self.sockets.idlers():
            seat.close(is_for_good=False)


def init_app(app: Flask) -> None:
    """Before whatever else a request passes on its way to Flask."""
    app.extensions[waking.LISTENER] = Live(app)


def open_sockets() -> Iterator[Metric]:
    live: Live | None = current_app.extensions.get(waking.LISTENER)
    if live is not None:
        yield GaugeMetricFamily(
            "webpush_sockets",
            "Sockets of open pages, in all web processes of this machine.",
            value=len(live.sockets) + waking.count_sockets(Path(current_app.instance_path), live.pipe),
        )


def _options() -> dict[str, Any]:
    # Under gunicorn gevent has made the standard sockets cooperative by now; `flask run` serves with threads.
    is_cooperative = socket.socket.__module__.startswith("gevent.")
    return {
        "async_mode": "gevent" if is_cooperative else "threading",
        "transports": ["websocket"],
        "namespaces": [NAMESPACE],
        "allow_upgrades": False,
        "cors_allowed_origins": [],  # none of its own checks: the gate in front of it is stricter
        "max_http_buffer_size": LONGEST_MESSAGE,
        "http_compression": False,
        "ping_interval": PING_EVERY_SECONDS,
        "ping_timeout": PONG_WITHIN_SECONDS,
        "monitor_clients": False,  # who is silent for too long is closed by its wire
        "async_handlers": False,
        "always_connect": True,  # what is said comes after the answer to who joins
        "manage_session": False,
        "logger": _engine_log,
        "engineio_logger": _engine_log,
    }


def _since(auth: Any) -> int:
    """A cursor that is none is as good as no cursor: the page gets everything, which it can only show."""
    given = auth.get("since") if isinstance(auth, dict) else None
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return 0
    try:
        return read_since(str(given))
    except (InvalidInput, ValueError):
        return 0
