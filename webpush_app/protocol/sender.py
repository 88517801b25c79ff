"""Sends pushes: encrypts, signs, hands them to a transport, and says what became of each, once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import count
from typing import Self

from webpush_app import clock
from webpush_app.protocol.answers import Outcome, Refused, RefusedFor, RetryLater, Why, classify
from webpush_app.protocol.doubts import Doubts, Flight, Said, refusal_in
from webpush_app.protocol.encryption import CannotEncrypt, EncryptionBroken, encrypt
from webpush_app.protocol.endpoints import EndpointRefused, read_origin
from webpush_app.protocol.message import PayloadTooLarge
from webpush_app.protocol.push import Push
from webpush_app.protocol.transport import Answer, NoAnswer, Request, Transport

__all__ = ["Push", "Sender"]


class Sender:
    def __init__(self, transport: Transport, now: Callable[[], datetime] = clock.now) -> None:
        self._transport = transport
        self._now = now
        self._doubts = Doubts()

    def send(self, pushes: Iterable[Push | None], said: Callable[[int, Outcome], None]) -> None:
        """Says each push's outcome as it comes. A push is encrypted when the transport can take it, not before; None
        means that there is nothing to send at this moment, as it does for `Transport.exchange`."""
        sending = _Sending(pushes, said, self._doubts, self._transport.parallel, self._now)
        try:
            self._transport.exchange(sending, sending.answered)
        finally:
            sending.say_the_rest()

    def wake(self) -> None:
        self._transport.wake()

    def close(self) -> None:
        self._transport.close()


class _Sending:
    """The requests of one `send`: those of the caller's pushes, and before them those that are sent a second time."""

    def __init__(
        self,
        pushes: Iterable[Push | None],
        said: Callable[[int, Outcome], None],
        doubts: Doubts,
        parallel: int,
        now: Callable[[], datetime],
    ) -> None:
        self._pushes: Iterator[Push | None] = iter(pushes)
        self._said = said
        self._doubts = doubts
        self._parallel = parallel
        self._now = now
        self._is_over = False
        self._problem: Exception | None = None
        self._again: deque[Flight] = deque()
        self._flying: dict[int, Flight] = {}
        self._numbers = count()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> tuple[int, Request] | None:
        while True:
            if self._again:
                request = self._take_off_again(self._again.popleft())
            elif self._is_over:
                if self._flying:
                    return None  # it may have to be sent again
                raise self._problem or StopIteration
            elif self._doubts and len(self._flying) + sum(1 for _one in self._doubts.waiting()) >= self._parallel:
                return None  # who waits is under way too, or one key that is refused would be asked about for ever
            else:
                push = self._pull()
                if push is None and not self._is_over:
                    return None
                request = None if push is None else self._take_off(push)
            if request is not None:
                return request

    def answered(self, number: int, answer: Answer | NoAnswer) -> None:
        flight = self._flying.pop(number)
        outcome = classify(answer, self._now())
        if not self._doubts and refusal_in(outcome) is None:
            self._said(flight.push.key, outcome)
            return
        said, again = self._doubts.settle(flight, outcome)
        self._again.extend(again)
        self._say_all(said)

    def say_the_rest(self) -> None:
        """Where the sending broke off: what would have been sent again keeps its first answer."""
        rest = [*self._again, *self._doubts.end()]
        self._again.clear()
        self._say_all([(flight, flight.refusal) for flight in rest if flight.refusal is not None])

    def _pull(self) -> Push | None:
        try:
            return next(self._pushes)
        except StopIteration:
            self._is_over = True
        except Exception as problem:  # noqa: BLE001 - raised again when all that was sent is answered
            self._is_over, self._problem = True, problem
        return None

    def _take_off_again(self, flight: Flight) -> tuple[int, Request] | None:
        request = self._take_off(flight.push, flight.refusal)
        if request is None:
            self._again.extend(self._doubts.unsent(flight))
        return request

    def _take_off(self, push: Push, refusal: Refused | None = None) -> tuple[int, Request] | None:
        try:
            origin = read_origin(push.subscription.endpoint)
            body = encrypt(push.subscription, push.payload)
        except CannotEncrypt as problem:
            self._said(push.key, Refused(None, f"cannot be encrypted: {problem}", RefusedFor.KEYS))
        except EncryptionBroken as problem:
            self._said(push.key, RetryLater(None, str(problem), Why.OUR_ENCRYPTION, uses_attempt=False))
        except PayloadTooLarge as problem:
            self._said(push.key, Refused(None, str(problem), RefusedFor.TOO_LARGE))
        except EndpointRefused as problem:
            self._said(push.key, Refused(None, f"the endpoint {problem}", RefusedFor.REQUEST))
        else:
            authorization = push.signer.authorization(origin)
            number = next(self._numbers)
            self._flying[number] = Flight(push, origin, authorization, refusal)
            return number, Request(push.subscription.endpoint, push.headers(authorization), body)
        return None

    def _say_all(self, outcomes: Iterable[Said]) -> None:
        """Also when one of them cannot be told: then the first problem is raised at the end."""
        problem: Exception | None = None
        for flight, outcome in outcomes:
            try:
                self._said(flight.push.key, outcome)
            except Exception as one:  # noqa: BLE001 - raised below
                problem = problem or one
        if problem is not None:
            raise problem
