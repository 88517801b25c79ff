"""The gates of one worker, one for each push service, and what all workers know of them. Not locked: the flow is."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from webpush_app.delivery.fellows import Fellows
from webpush_app.delivery.gate import Gate, Phase
from webpush_app.delivery.pace import Pace
from webpush_app.delivery.pauses import Standing


class Gates:
    def __init__(self, most: int, now: Callable[[], datetime], fellows: Fellows) -> None:
        self._most = most
        self._now = now
        self._fellows = fellows
        self._gates: dict[int, Gate] = {}
        self.changes = 0
        """Of this worker's own finding; so that what was read before is known to be older."""

    def __getitem__(self, service_id: int) -> Gate:
        return self._gates[service_id]

    @property
    def ids(self) -> Collection[int]:
        return tuple(self._gates)

    @property
    def is_paced(self) -> bool:
        paces = [gate.pace for gate in tuple(self._gates.values())]
        return any(pace is not None and not pace.is_over for pace in paces)

    def meet(self, standings: Sequence[Standing], mark: int) -> list[int]:
        """What all workers knew after the mark; those that are closed by it. What was found out here since then, or is
        not written down yet, is newer."""
        closed = []
        for one in standings:
            gate = self._gates.get(one.id) or self._add(one)
            if not gate.is_known or gate.changed > mark:
                continue
            if one.is_paused and gate.phase is Phase.OPEN:
                gate.close()
                closed.append(one.id)
            elif not one.is_paused and gate.phase is not Phase.OPEN:
                gate.open(self._pace(one, gate))
        return closed

    def note_change(self, gate: Gate, *, is_known: bool) -> None:
        self.changes += 1
        gate.changed, gate.is_known = self.changes, is_known

    def drop(self, service_id: int) -> None:
        if not self._gates[service_id].in_flight:
            del self._gates[service_id]
            self._fellows.forget(service_id)

    def _add(self, standing: Standing) -> Gate:
        rate = self._fellows.rate(standing.id)
        gate = self._gates[standing.id] = Gate(standing.id, standing.host, self._most, self._now, rate)
        gate.has_accepted = standing.recovered_at is not None
        if standing.careful_until is not None and standing.careful_until > self._now():
            gate.pace = self._pace(standing, gate)  # it was down, and this worker has not seen it
        return gate

    def _pace(self, standing: Standing, gate: Gate) -> Pace | None:
        if standing.recovered_at is None:
            return None
        usual = max(standing.usual_rate, gate.rate.usual)
        careful_until = standing.careful_until if usual and standing.careful_until else self._now()
        return Pace(usual, careful_until, self._now, self._fellows.share)
