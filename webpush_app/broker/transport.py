"""Kombu's way to Redis, without acknowledgements: a wake-up is taken and forgotten.

There is nothing to give again: what a wake-up is for stands in the outbox, and the tick finds it. And a worker that
loses its connection while something is not acknowledged ends by it (`None` has no hostname), with all its processes.
"""

from typing import Any

from kombu.transport import redis


class QoS(redis.QoS):
    restore_at_shutdown = False

    def append(self, message: Any, delivery_tag: str) -> None:
        """It is not remembered."""

    def ack(self, delivery_tag: str) -> None:
        """It is gone already."""

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """It is gone already."""

    def restore_visible(self, *_: Any, **__: Any) -> None:
        """Nothing is hidden."""


class Channel(redis.Channel):
    QoS = QoS


class Transport(redis.Transport):
    Channel = Channel
