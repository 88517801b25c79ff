"""What others say through Redis is heard; and whoever could not hear is told to look at everything."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.engine.processes import wait_until
from tests.redis_server import RedisServer
from webpush_app.broker import incoming as module
from webpush_app.broker.incoming import Incoming
from webpush_app.broker.outgoing import Outgoing

pytestmark = pytest.mark.redis


class Ear:
    def __init__(self, url: str, name: str) -> None:
        self.heard: list[str] = []
        self.times_joined = 0
        self.incoming = Incoming(url, name, self.heard.append, self._count)
        self.incoming.start()
        wait_until(lambda: self.incoming.is_connected, 10)

    def _count(self) -> None:
        self.times_joined += 1


@pytest.fixture
def listen(own_redis: RedisServer) -> Iterator[Callable[[str], Ear]]:
    made: list[Ear] = []

    def start(name: str) -> Ear:
        made.append(Ear(own_redis.url, name))
        return made[-1]

    yield start
    for ear in made:
        ear.incoming.stop()


@pytest.fixture
def outgoing(own_redis: RedisServer) -> Outgoing:
    return Outgoing(own_redis.url, "me", ("everybody",))


def test_everybody_hears_it_but_whoever_said_it(listen: Callable[[str], Ear], outgoing: Outgoing) -> None:
    own, other, third = listen("me"), listen("other"), listen("third")
    for text in ("wake 1 2", "close 7"):
        outgoing.tell(text, lambda: None)
    wait_until(lambda: len(third.heard) == 2, 10)
    assert other.heard == third.heard == ["wake 1 2", "close 7"]
    assert own.heard == []


def test_who_uses_another_database_of_the_same_redis_is_not_heard(
    own_redis: RedisServer, listen: Callable[[str], Ear], outgoing: Outgoing
) -> None:
    """It may be another site, with people and sessions of the same numbers."""
    other = listen("other")
    Outgoing(own_redis.url.removesuffix("/0") + "/1", "stranger", ()).tell("close 7", lambda: None)
    time.sleep(0.5)
    outgoing.tell("wake 1", lambda: None)
    wait_until(lambda: other.heard == ["wake 1"], 10)


def test_whoever_begins_to_listen_is_told_so(listen: Callable[[str], Ear]) -> None:
    assert listen("other").times_joined == 1


def test_after_redis_was_away_it_listens_again_and_is_told_so(
    listen: Callable[[str], Ear], outgoing: Outgoing, own_redis: RedisServer
) -> None:
    ear = listen("other")
    own_redis.stop()
    wait_until(lambda: not ear.incoming.is_connected, 10)
    own_redis.start()
    wait_until(lambda: ear.incoming.is_connected, 10)
    assert ear.times_joined == 2
    outgoing.tell("wake 1", lambda: None)
    wait_until(lambda: "wake 1" in ear.heard, 10)


def test_a_redis_that_only_falls_silent_is_noticed(
    listen: Callable[[str], Ear], own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ROUND_SECONDS", 0.1)
    monkeypatch.setattr(module, "ASKED_EVERY_SECONDS", 0.2)
    monkeypatch.setattr(module, "SILENT_SECONDS", 2.0)
    ear = listen("other")
    time.sleep(5)
    assert ear.times_joined == 1, "one that answers is not silent"
    own_redis.freeze(is_frozen=True)
    try:
        wait_until(lambda: not ear.incoming.is_connected, 30)
    finally:
        own_redis.freeze(is_frozen=False)
    wait_until(lambda: ear.incoming.is_connected, 30)
    assert ear.times_joined == 2


def test_a_failure_of_whoever_hears_does_not_end_it(
    own_redis: RedisServer, outgoing: Outgoing, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    def hear(text: str) -> None:
        heard.append(text)
        if text == "bad":
            raise ZeroDivisionError

    incoming = Incoming(own_redis.url, "other", hear, lambda: None)
    incoming.start()
    try:
        wait_until(lambda: incoming.is_connected, 10)
        outgoing.tell("bad", lambda: None)
        wait_until(lambda: "broker_ear_failed" in caplog.text, 10)
        wait_until(lambda: incoming.is_connected, 10)
        outgoing.tell("good", lambda: None)
        wait_until(lambda: heard == ["bad", "good"], 10)
    finally:
        incoming.stop()
