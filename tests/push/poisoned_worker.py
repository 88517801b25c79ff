"""The worker of the tests, with a weakness: some pushes kill it, as a fault in a library would that it is built on.

`python -m tests.push.poisoned_worker`, with what `tests.push.worker` needs, and PUSH_POISON: a file with the endpoints
that nothing can be sent to, and the texts that nothing can be made of, each in a line of its own.
"""

import os
import signal
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from flask import Flask

from tests.push.redirection import transport_options
from tests.push.worker import announced
from webpush_app import logs
from webpush_app.delivery import composing
from webpush_app.delivery.composing import Composed, Job
from webpush_app.engine.worker import serve
from webpush_app.factory import create_app
from webpush_app.messaging import composing as messages
from webpush_app.protocol.message import Message
from webpush_app.protocol.transport import Answer, NoAnswer, Request, Transport
from webpush_app.protocol.transports import transport_named

MODULE = "tests.push.poisoned_worker"


class Weak:
    """A transport that dies of some requests, when it is about to send them."""

    def __init__(self, transport: Transport, poison: Collection[str]) -> None:
        self._transport = transport
        self._poison = poison
        self.parallel = transport.parallel

    def exchange(
        self,
        requests: Iterable[tuple[int, Request] | None],
        answered: Callable[[int, Answer | NoAnswer], None],
    ) -> None:
        self._transport.exchange(map(self._swallow, requests), answered)

    def wake(self) -> None:
        self._transport.wake()

    def close(self) -> None:
        self._transport.close()

    def _swallow(self, pulled: tuple[int, Request] | None) -> tuple[int, Request] | None:
        if pulled is not None and pulled[1].url in self._poison:
            die()
        return pulled


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def make_composer_weak(app: Flask, poison: Collection[str]) -> None:
    """Of private messages: a broadcast's text is everybody's."""

    def compose(jobs: Sequence[Job]) -> Mapping[int, Composed]:
        made = messages.compose(jobs)
        if any(isinstance(one, Message) and one.body in poison for one in made.values()):
            die()
        return made

    composers = {**app.extensions["push_composers"], messages.KIND: compose}
    composing.register(app, composers, app.extensions["push_companion"])


def main() -> None:
    logs.set_up()
    options = transport_options(os.environ["PUSH_STAND_IN"], Path(os.environ["PUSH_CA_FILE"]))
    poison = set(Path(os.environ["PUSH_POISON"]).read_text(encoding="utf-8").splitlines())
    app = create_app()
    make_composer_weak(app, poison)
    make_transport = transport_named(app.config["SETTINGS"].push_transport)
    serve(app, announced(lambda **given: Weak(make_transport(**options, **given), poison)), is_kept=False)


if __name__ == "__main__":
    main()
