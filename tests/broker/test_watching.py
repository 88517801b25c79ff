"""What operators see of the broker: it never makes a site unready, and is told of all the same."""

import json

import pytest
from flask import Flask

from tests.conftest import AppMaker
from tests.redis_server import RedisServer
from webpush_app.broker import EXTENSION

pytestmark = pytest.mark.redis
READS = {"environ_base": {"REMOTE_ADDR": "127.0.0.1"}}


@pytest.fixture
def app(make_app: AppMaker, own_redis: RedisServer) -> Flask:
    return make_app(engine_url=own_redis.url, embedded_worker=False)


def said(app: Flask) -> tuple[str, str]:
    """By `/readyz` and by `/metrics`."""
    checks = json.loads(app.test_client().get("/readyz").text)["checks"]
    figures = app.test_client().get("/metrics", **READS).text
    assert checks["broker"]["ok"]
    [state] = [line for line in figures.splitlines() if line.startswith("webpush_broker_state ")]
    return checks["broker"]["said"], state.split()[1]


def test_whether_it_answers_and_ticks_is_told(app: Flask, own_redis: RedisServer) -> None:
    assert said(app) == ("It answers, and nobody ticks. See that one beat is running, and a worker of messages.", "1.0")


def test_ticks_are_heard(app: Flask) -> None:
    app.extensions[EXTENSION].note_tick()
    assert said(app) == ("It answers, and ticks are heard.", "0.0")


def test_one_that_is_away_leaves_the_site_ready(app: Flask, own_redis: RedisServer) -> None:
    own_redis.stop()
    words, state = said(app)
    assert words == "Redis does not answer. Workers and pages look by themselves until it does."
    assert state == "2.0"


def test_one_that_hangs_leaves_the_site_ready_too(app: Flask, own_redis: RedisServer) -> None:
    own_redis.freeze(is_frozen=True)
    try:
        words, _state = said(app)
    finally:
        own_redis.freeze(is_frozen=False)
    assert words.startswith("Redis does not answer.")


def test_without_one_nothing_is_said(make_app: AppMaker) -> None:
    client = make_app().test_client()
    assert "broker" not in json.loads(client.get("/readyz").text)["checks"]
    assert "webpush_broker" not in client.get("/metrics", **READS).text
