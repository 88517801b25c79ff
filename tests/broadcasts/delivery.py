"""Deliver to the tests' own push service, round by round, as a worker does."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from tests.push.service import PushService
from webpush_app.delivery.dispatcher import Dispatcher
from webpush_app.delivery.models import Lane
from webpush_app.protocol.requests_transport import RequestsTransport

MOST_ROUNDS = 1000
BOTH = (Lane.PERSONAL, Lane.BROADCAST)


class Delivery:
    def __init__(self, app: Flask, dispatcher: Dispatcher) -> None:
        self._app = app
        self._dispatcher = dispatcher

    def round(self) -> int:
        """How many rows were taken."""
        with self._app.app_context():
            return self._dispatcher.deliver_batch(BOTH)

    def run(self) -> int:
        """Until nothing is due; how many rows were taken."""
        taken = 0
        for _round in range(MOST_ROUNDS):
            number = self.round()
            if number == 0:
                return taken
            taken += number
        raise AssertionError("it never ends")


@contextmanager
def delivering(app: Flask, service: PushService) -> Iterator[Delivery]:
    transport = RequestsTransport(**service.transport_options())
    try:
        yield Delivery(app, Dispatcher(transport))
    finally:
        transport.close()
