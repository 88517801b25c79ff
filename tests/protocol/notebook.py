"""A transport for tests that writes down what it is given, and answers what it is told. It keeps to the contract."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from webpush_app.protocol.source import Source
from webpush_app.protocol.transport import Answer, NoAnswer, Request

ACCEPTED = Answer(201, {}, b"", is_cut=False)


@dataclass
class Notebook:
    react: Callable[[Request], Answer | NoAnswer] = lambda _request: ACCEPTED
    parallel: int = 1
    requests: list[Request] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def exchange(
        self,
        requests: Iterable[tuple[int, Request] | None],
        answered: Callable[[int, Answer | NoAnswer], None],
    ) -> None:
        """The oldest request is answered first, and only when no more can be sent."""
        source = Source(requests, answered)
        flying: deque[tuple[int, Request]] = deque()
        while flying or not source.is_over:
            while len(flying) < self.parallel and (pulled := source.pull()):
                self.requests.append(pulled[1])
                flying.append(pulled)
            if flying:
                key, request = flying.popleft()
                source.tell(key, self.react(request))
            source.rests = False
        self.ended.append("exchange")
        source.finish()

    def wake(self) -> None:
        self.ended.append("sleep")

    def close(self) -> None:
        self.ended.append("transport")
