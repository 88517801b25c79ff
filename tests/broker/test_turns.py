"""Turns that Redis counts for all processes."""

import time
from collections.abc import Sequence

import pytest
from flask import Flask

from tests.conftest import AppMaker
from tests.redis_server import RedisServer
from webpush_app.broker import EXTENSION
from webpush_app.broker.connection import PREFIX
from webpush_app.broker.turns import Turns
from webpush_app.notifications.shared_turnstile import SharedTurnstile, turnstile_for
from webpush_app.notifications.turnstile import AT_ONCE

pytestmark = pytest.mark.redis


def take(turns: Sequence[Turns], times: int, name: str = "susan", *, at_once: int = 10, per_second: float = 1.0) -> int:
    """Of one process after the other; how many were given."""
    asked = [turns[number % len(turns)].take(name, at_once=at_once, per_second=per_second) for number in range(times)]
    assert None not in asked
    return sum(bool(one) for one in asked)


@pytest.fixture
def turns(own_redis: RedisServer) -> list[Turns]:
    return [Turns(own_redis.url) for _ in range(3)]


def test_several_processes_count_together(turns: list[Turns]) -> None:
    assert take(turns, 30) == 10
    assert take(turns, 1, "john") == 1


def test_turns_come_back_one_by_one_and_are_not_saved_up(turns: list[Turns]) -> None:
    assert take(turns, 20, at_once=4, per_second=2.0) == 4
    time.sleep(0.6)
    assert take(turns, 3, at_once=4, per_second=2.0) == 1
    time.sleep(4)
    assert take(turns, 20, at_once=4, per_second=2.0) in (4, 5)  # some time passes while they are asked for


def test_who_has_all_turns_again_is_forgotten(turns: list[Turns], own_redis: RedisServer) -> None:
    take(turns, 3, at_once=10, per_second=10.0)
    with own_redis.connect() as connection:
        assert connection.exists(f"{PREFIX}turns:susan")
        time.sleep(1)
        assert not connection.exists(f"{PREFIX}turns:susan")


def test_where_redis_is_away_somebody_else_has_to_know(turns: list[Turns], own_redis: RedisServer) -> None:
    own_redis.stop()
    assert turns[0].take("susan", at_once=1, per_second=1.0) is None


def test_sockets_are_counted_by_redis_and_else_by_whoever_can(
    make_app: AppMaker, own_redis: RedisServer, app: Flask
) -> None:
    made = [make_app(engine_url=own_redis.url, embedded_worker=False) for _ in range(2)]
    stiles = [turnstile_for("sqlite:///any", one.extensions[EXTENSION]) for one in made]
    assert [type(one) for one in stiles] == [SharedTurnstile] * 2

    def knock(times: int) -> int:
        return sum(stiles[number % 2].lets("a token of susan's") for number in range(times))

    assert knock(2 * AT_ONCE) == AT_ONCE
    own_redis.stop()
    assert stiles[0].lets("a token of john's")  # by its own memory
