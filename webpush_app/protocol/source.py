"""The caller's side of an exchange, the same for every transport: what to send next, and whom to tell.

An error of the caller's waits until what was sent before it is answered.
"""

from collections.abc import Callable, Iterable

from webpush_app.protocol.transport import Answer, NoAnswer, Request


class Source:
    def __init__(
        self, requests: Iterable[tuple[int, Request] | None], answered: Callable[[int, Answer | NoAnswer], None]
    ) -> None:
        self._iterator = iter(requests)
        self._answered = answered
        self._problem: Exception | None = None
        self.is_over = False
        """There is nothing more to pull, now or later."""
        self.rests = False
        """There is nothing to pull for now: asked again when something has happened."""

    def pull(self) -> tuple[int, Request] | None:
        if self.is_over or self.rests:
            return None
        try:
            pulled = next(self._iterator)
        except StopIteration:
            self.is_over = True
            return None
        except Exception as problem:  # noqa: BLE001 - raised again by finish
            self._end(problem)
            return None
        self.rests = pulled is None
        return pulled

    def tell(self, key: int, answer: Answer | NoAnswer) -> None:
        self.rests = False
        try:
            self._answered(key, answer)
        except Exception as problem:  # noqa: BLE001 - raised again by finish
            self._end(problem)

    def finish(self) -> None:
        """Raises what went wrong first."""
        if self._problem is not None:
            raise self._problem

    def _end(self, problem: Exception) -> None:
        self.is_over = True
        self._problem = self._problem or problem
