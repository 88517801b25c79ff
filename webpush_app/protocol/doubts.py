"""What a sender does when a push service refuses its signature: sign again once, send once.

The new signature is tried with one push, and others that were refused wait for the answer. If that one is refused too,
the fault is not in the signature: nobody is sent again until the push service has accepted it. So a key that is refused
to everybody costs one request more, however many pushes were under way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from webpush_app.protocol.answers import Accepted, Outcome, Refused, RefusedFor
from webpush_app.protocol.push import Push
from webpush_app.protocol.signing import Signer


@dataclass(slots=True, eq=False)
class Flight:
    """A push on its way."""

    push: Push
    origin: str
    authorization: str
    refusal: Refused | None = None
    """What was said to its first signature, if this is its second."""


Said = tuple[Flight, Outcome]


@dataclass(slots=True)
class _Doubt:
    """What one origin thinks of one signer's new signature."""

    signature: str
    is_refused: bool = False
    """Else it is being tried."""
    waiting: list[Flight] = field(default_factory=list)


class Doubts:
    """Touched by the sender's thread alone. There are none as long as signatures are accepted."""

    def __init__(self) -> None:
        self._doubts: dict[tuple[Signer, str], _Doubt] = {}

    def __bool__(self) -> bool:
        return bool(self._doubts)

    def waiting(self) -> Iterator[Flight]:
        for doubt in self._doubts.values():
            yield from doubt.waiting

    def end(self) -> list[Flight]:
        """Those that wait; they are forgotten, and so are trials that have not been answered."""
        left = list(self.waiting())
        self._doubts = {place: doubt for place, doubt in self._doubts.items() if doubt.is_refused}
        return left

    def unsent(self, flight: Flight) -> list[Flight]:
        """Of one that could not be sent a second time: who waits for what would be said to it tries in its place."""
        place = (flight.push.signer, flight.origin)
        doubt = self._doubts.get(place)
        if doubt is None or doubt.is_refused:
            return []
        if doubt.waiting:
            return [doubt.waiting.pop(0)]
        del self._doubts[place]
        return []

    def settle(self, flight: Flight, outcome: Outcome) -> tuple[list[Said], list[Flight]]:
        """Of a push that was answered: what is to be said now, and what is to be sent again."""
        place = (flight.push.signer, flight.origin)
        doubt = self._doubts.get(place)
        refusal = refusal_in(outcome)
        if refusal is None:
            is_trial = flight.refusal is not None or isinstance(outcome, Accepted)
            if doubt is not None and is_trial and flight.authorization == doubt.signature:
                del self._doubts[place]  # no answer to a trial is no refusal either
                return [(flight, outcome)], doubt.waiting
            return [(flight, outcome)], []
        if flight.refusal is not None:
            return self._refused_twice(flight, refusal, doubt), []
        if doubt is not None and not doubt.is_refused:
            flight.refusal = refusal
            doubt.waiting.append(flight)
            return [], []
        return self._refused_once(flight, refusal, doubt)

    def _refused_once(self, flight: Flight, refusal: Refused, doubt: _Doubt | None) -> tuple[list[Said], list[Flight]]:
        signer, origin = flight.push.signer, flight.origin
        in_use = signer.authorization(origin)
        if doubt is not None and in_use == doubt.signature:
            return [(flight, refusal)], []
        if in_use == flight.authorization:
            self._doubts[signer, origin] = _Doubt(signer.renewed(origin, in_use))
        flight.refusal = refusal
        return [], [flight]

    def _refused_twice(self, flight: Flight, refusal: Refused, doubt: _Doubt | None) -> list[Said]:
        said: list[Said] = [(flight, refusal)]
        if doubt is not None and flight.authorization == doubt.signature:
            doubt.is_refused = True
            said += ((one, one.refusal) for one in doubt.waiting if one.refusal is not None)
            doubt.waiting.clear()
        return said


def refusal_in(outcome: Outcome) -> Refused | None:
    return outcome if isinstance(outcome, Refused) and outcome.why is RefusedFor.VAPID else None
