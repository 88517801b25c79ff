"""A wake-up is taken and forgotten: nothing of it stays in Redis, nor is there anything to say when Redis is gone."""

from typing import Any

import pytest
from celery import Celery

from tests.redis_server import RedisServer
from webpush_app.broker import MESSAGES
from webpush_app.broker.connection import PREFIX
from webpush_app.broker.queues import DELIVER, make_celery

pytestmark = pytest.mark.redis


@pytest.fixture
def celery(own_redis: RedisServer) -> Celery:
    return make_celery(own_redis.url)


def taken_by(connection: Any, celery: Celery) -> list[Any]:
    """The messages of a consumer, as a worker's is."""
    messages: list[Any] = []
    consumer = celery.amqp.TaskConsumer(connection)
    consumer.register_callback(lambda _body, message: messages.append(message))
    consumer.consume()
    celery.send_task(DELIVER[MESSAGES], queue=MESSAGES)
    connection.drain_events(timeout=10)
    return messages


def test_what_is_taken_leaves_nothing_behind(celery: Celery, own_redis: RedisServer) -> None:
    with celery.connection_for_read() as connection, own_redis.connect() as looking:
        assert len(taken_by(connection, celery)) == 1
        assert not [key for key in looking.keys("*") if "unacked" in key]
        assert looking.llen(f"{PREFIX}{MESSAGES}") == 0


def test_what_was_taken_is_no_trouble_when_redis_is_gone(celery: Celery, own_redis: RedisServer) -> None:
    """A worker ended by it: first by giving back what it held, and else by saying that it was done."""
    connection = celery.connection_for_read()
    [message] = taken_by(connection, celery)
    channel = message.channel
    own_redis.stop()
    channel.qos.restore_unacked_once()
    message.ack()
    assert not channel.qos._delivered
