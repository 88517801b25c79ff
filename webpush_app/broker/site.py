"""The broker as the rest of the site knows it: one for each app, among its extensions."""

import secrets
from collections.abc import Callable

from flask import Flask
from redis.exceptions import RedisError

from webpush_app.broker import EXTENSION
from webpush_app.broker.connection import PREFIX, connect
from webpush_app.broker.incoming import Hear, Incoming
from webpush_app.broker.outgoing import Otherwise, Outgoing
from webpush_app.broker.queues import TICK_SECONDS
from webpush_app.broker.turns import PATIENCE_SECONDS, Turns

_TICKED = f"{PREFIX}ticked"


class Broker:
    def __init__(self, url: str, what_was_missed: tuple[str, ...]) -> None:
        self._url = url
        self._own_name = secrets.token_hex(4)
        self._redis = connect(url, patience_seconds=PATIENCE_SECONDS)
        self._outgoing = Outgoing(url, self._own_name, what_was_missed)
        self._turns = Turns(url)

    def wake(self, queue: str) -> None:
        self._outgoing.wake(queue)

    def heard(self, queue: str) -> None:
        self._outgoing.heard(queue)

    def tell(self, text: str, otherwise: Otherwise) -> None:
        self._outgoing.tell(text, otherwise)

    def listen(self, hear: Hear, joined: Callable[[], None]) -> Incoming:
        return Incoming(self._url, self._own_name, hear, joined)

    def take_turn(self, name: str, *, at_once: int, per_second: float) -> bool | None:
        """None where Redis is away: then nobody waits to find that out again."""
        if self._outgoing.is_away:
            return None
        return self._turns.take(name, at_once=at_once, per_second=per_second)

    def note_tick(self) -> None:
        self._redis.set(_TICKED, 1, px=int(3 * TICK_SECONDS * 1000))

    def is_ticking(self) -> bool:
        """Has a tick been heard lately? Where Redis is away it says so by an error."""
        return bool(self._redis.exists(_TICKED))

    def is_heard_ticking(self) -> bool | None:
        """None where Redis does not answer."""
        try:
            return self.is_ticking()
        except RedisError:
            return None


def init_app(app: Flask, url: str, what_was_missed: tuple[str, ...]) -> None:
    app.extensions[EXTENSION] = Broker(url, what_was_missed)
