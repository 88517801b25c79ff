"""What is said through Redis: never by whoever writes, no more than once while nobody has heard it, and otherwise where
Redis is away."""

import threading
import time
from collections.abc import Iterator

import pytest
from redis import Redis

from tests.engine.processes import wait_until
from tests.redis_server import RedisServer
from webpush_app.broker import BROADCASTS, MESSAGES
from webpush_app.broker import outgoing as module
from webpush_app.broker.connection import PREFIX, channel
from webpush_app.broker.outgoing import Outgoing

pytestmark = pytest.mark.redis

MISSED = ("everybody", "check")


@pytest.fixture
def redis(own_redis: RedisServer) -> RedisServer:
    return own_redis


@pytest.fixture
def outgoing(redis: RedisServer) -> Outgoing:
    return Outgoing(redis.url, "me", MISSED)


@pytest.fixture
def looking(redis: RedisServer) -> Iterator["Redis"]:
    with redis.connect() as connection:
        yield connection


def listening(redis: RedisServer) -> tuple[list[str], threading.Thread]:
    """What others hear from now on, until the connection ends."""
    heard: list[str] = []
    ear = redis.connect().pubsub()  # type: ignore[no-untyped-call]  # it tells no types
    ear.subscribe(channel(redis.url))
    ear.get_message(timeout=5)

    def take() -> None:
        try:
            for said in ear.listen():
                heard.append(str(said["data"]))  # noqa: PERF401 - one after the other, as they come
        except Exception:  # noqa: BLE001 - the server goes away under it
            return

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return heard, thread


def waiting(looking: "Redis", queue: str) -> int:
    return int(looking.llen(f"{PREFIX}{queue}"))


def test_a_queue_holds_one_wake_up_until_somebody_has_heard_it(outgoing: Outgoing, looking: "Redis") -> None:
    for _ in range(20):
        outgoing.wake(MESSAGES)
        time.sleep(0.01)
    outgoing.wake(BROADCASTS)
    wait_until(lambda: waiting(looking, BROADCASTS) == 1, 10)
    assert waiting(looking, MESSAGES) == 1
    outgoing.heard(MESSAGES)
    outgoing.wake(MESSAGES)
    wait_until(lambda: waiting(looking, MESSAGES) == 2, 10)
    assert waiting(looking, BROADCASTS) == 1


def test_a_wake_up_that_nobody_hears_holds_up_the_next_for_a_moment_only(
    outgoing: Outgoing, looking: "Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEARD_WITHIN_MS", 50)
    outgoing.wake(MESSAGES)
    wait_until(lambda: waiting(looking, MESSAGES) == 1, 10)
    time.sleep(0.2)
    outgoing.wake(MESSAGES)
    wait_until(lambda: waiting(looking, MESSAGES) == 2, 10)


def test_a_wake_up_says_nothing(outgoing: Outgoing, looking: "Redis") -> None:
    outgoing.wake(MESSAGES)
    wait_until(lambda: waiting(looking, MESSAGES) == 1, 10)
    [text] = looking.lrange(f"{PREFIX}{MESSAGES}", 0, -1)
    assert '"deliver_messages"' in text
    assert '"expires": null' in text
    assert len(text) < 1000


def test_who_says_something_does_not_wait_for_a_redis_that_does_not_answer(
    outgoing: Outgoing, redis: RedisServer
) -> None:
    redis.freeze(is_frozen=True)
    try:
        began = time.monotonic()
        for number in range(100):
            outgoing.wake(MESSAGES)
            outgoing.tell(f"wake {number}", lambda: None)
        assert time.monotonic() - began < 1
        assert not outgoing.is_away
        wait_until(lambda: outgoing.is_away, 30)
    finally:
        redis.freeze(is_frozen=False)


def test_what_could_not_be_said_is_said_otherwise_and_when_redis_is_back_everybody_looks(
    outgoing: Outgoing, redis: RedisServer
) -> None:
    heard, _ = listening(redis)
    outgoing.tell("wake 1", lambda: None)
    wait_until(lambda: heard == ["me wake 1"], 10)
    redis.stop()
    otherwise: list[int] = []
    outgoing.tell("wake 2", lambda: otherwise.append(2))
    wait_until(lambda: otherwise == [2], 10)
    outgoing.tell("wake 3", lambda: otherwise.append(3))  # at once: it is known to be away
    assert otherwise == [2, 3]
    redis.start()
    heard, _ = listening(redis)
    wait_until(lambda: heard[:2] == ["me everybody", "me check"], 10)
    outgoing.tell("wake 4", lambda: otherwise.append(4))
    wait_until(lambda: heard[2:] == ["me wake 4"], 10)
    assert otherwise == [2, 3]


def test_what_cannot_be_said_at_all_is_said_otherwise_and_ends_nothing(outgoing: Outgoing, redis: RedisServer) -> None:
    heard, _ = listening(redis)
    otherwise: list[int] = []

    def fail() -> None:
        raise RuntimeError

    outgoing.tell("wake \udcff", fail)
    outgoing.tell("wake 1", lambda: otherwise.append(1))
    wait_until(lambda: otherwise == [1] or heard == ["me wake 1"], 10)
    outgoing.tell("wake \udcff", lambda: otherwise.append(2))
    wait_until(lambda: otherwise[-1:] == [2], 10)
    assert not outgoing.is_away
    outgoing.tell("wake 3", lambda: otherwise.append(3))
    wait_until(lambda: heard[-1:] == ["me wake 3"], 10)
    assert 3 not in otherwise


def test_who_has_more_to_say_than_there_is_room_for_has_everybody_look(
    outgoing: Outgoing, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, _ = listening(redis)
    otherwise: list[int] = []
    with monkeypatch.context() as no_room:
        no_room.setattr(module, "_MOST_LINES", 0)
        outgoing.tell("wake 1", lambda: otherwise.append(1))
    wait_until(lambda: heard == ["me everybody", "me check"], 10)
    outgoing.tell("wake 2", lambda: otherwise.append(2))
    wait_until(lambda: heard[2:] == ["me wake 2"], 10)
    assert otherwise == [1]


def test_redis_that_is_away_is_told_once_and_so_is_its_return(
    outgoing: Outgoing, redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    redis.stop()
    for _ in range(3):
        outgoing.wake(MESSAGES)
        wait_until(lambda: outgoing.is_away, 10)
        time.sleep(0.1)
    redis.start()
    wait_until(lambda: not outgoing.is_away, 10)
    assert [record.message.split()[0] for record in caplog.records] == ["broker_is_away", "broker_is_back"]


def test_a_command_that_ends_says_what_it_has_to_say(outgoing: Outgoing, looking: "Redis") -> None:
    outgoing.wake(MESSAGES)
    outgoing.finish()
    assert waiting(looking, MESSAGES) == 1


def test_a_command_that_ends_does_not_wait_for_a_redis_that_is_away(outgoing: Outgoing, redis: RedisServer) -> None:
    redis.stop()
    outgoing.wake(MESSAGES)
    outgoing.finish()
    assert outgoing.is_away


def test_too_much_to_say_is_said_otherwise(
    outgoing: Outgoing, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_LINES", 5)
    otherwise: list[int] = []
    redis.freeze(is_frozen=True)
    try:
        for number in range(20):
            outgoing.tell(f"wake {number}", lambda number=number: otherwise.append(number))  # type: ignore[misc]
        assert 19 in otherwise
        assert len(otherwise) < 20
    finally:
        redis.freeze(is_frozen=False)
