"""A worker's memory for tests: a flow with some push services, and rows for it."""

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from webpush_app.delivery.changes import Change, HostWell
from webpush_app.delivery.claims import Claimed, Returned
from webpush_app.delivery.fellows import Fellows
from webpush_app.delivery.flow import Flow
from webpush_app.delivery.models import Lane
from webpush_app.delivery.pauses import Standing
from webpush_app.delivery.preparing import Ready
from webpush_app.protocol import vapid_keys
from webpush_app.protocol.answers import Accepted, Outcome
from webpush_app.protocol.message import Message
from webpush_app.protocol.signing import Signer
from webpush_app.protocol.subscription import Subscription

if TYPE_CHECKING:  # which hands out one of these
    from tests.delivery.conftest import StandingClock

SIGNER = Signer(vapid_keys.generate(), "mailto:ops@example.com")
WELL = Accepted(201, "")
SLOW, QUICK = 1, 2
PARALLEL = 16
NOT_ANSWERED: Any = (None, None, "token")


class Memory:
    """A flow with some push services, and rows for it."""

    def __init__(
        self, clock: "StandingClock", parallel: int = PARALLEL, services: Sequence[int] = (SLOW, QUICK)
    ) -> None:
        self.clock = clock
        self.parallel = parallel
        self.services = services
        self.room_came = threading.Event()
        self.fellows = Fellows(clock)
        self.flow = Flow(parallel, clock, self.room_came, self.fellows, self._seconds)
        self.rows = 0
        self.meet()

    def _seconds(self) -> float:
        return self.clock.moment.timestamp()

    def meet(self, *, paused: tuple[int, ...] = (), recovered: bool = False, mark: int | None = None) -> None:
        until = self.clock.moment + timedelta(seconds=30)
        standings = [
            Standing(
                id=number,
                host=f"push{number}.example.org",
                paused_until=until if number in paused else None,
                paused_because=None,
                probed_until=None,
                careful_until=None,
                recovered_at=self.clock.moment if recovered else None,
                usual_rate=0.0,
                has_personal=True,
                has_broadcast=True,
                has_suspect_personal=False,
                has_suspect_broadcast=False,
            )
            for number in self.services
        ]
        self.flow.meet(standings, self.flow.mark() if mark is None else mark)

    def add(self, service_id: int, number: int = 1, lane: Lane = Lane.BROADCAST, **given: Any) -> None:
        self.flow.add([self.ready(service_id, lane, **given) for _ in range(number)])

    def ready(
        self,
        service_id: int,
        lane: Lane,
        *,
        browser: int = 0,
        old: bool = False,
        crashes: int = 0,
        owner: int | str = "",
        proven: bool = True,
    ) -> Ready:
        self.rows += 1
        now = self.clock.moment
        whose = browser or self.rows
        moments = (now, now, now)
        row = Claimed(self.rows, "x", 1, whose, service_id, None, lane, 1, crashes, False, *moments, *NOT_ANSWERED)
        return Ready(
            row,
            Subscription("https://x", "p", "a"),
            Message("Hi"),
            SIGNER,
            is_old_key=old,
            strikes=0,
            is_proven=proven,
            owner=owner,
            claimed_at=now,
            send_before=now + timedelta(seconds=40),
        )

    def send(self) -> list[int]:
        """The services of what may be sent now, in their order."""
        return [one.row.service_id for one in iter(self.flow.next, None)]

    def answer(self, outcome: Outcome, **given: Any) -> list[Change]:
        """One push is sent, where the service is not spared, and answered; what was found out by it, but for that the
        service works, which is found out by the first one."""
        self.flow.happened.clear()
        self.add(SLOW, 1, Lane.PERSONAL, **given)
        for _service in self.send():
            self.flow.answered(self.rows, outcome)
        return [one for one in self.flow.happened if isinstance(one, Change) and not isinstance(one, HostWell)]

    def returned(self) -> list[Returned]:
        return [one for one in self.flow.happened if isinstance(one, Returned)]
