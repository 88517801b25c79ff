"""Which push services are spared for now, as all workers know it: read before each claim, written when that changes.

A service that is in trouble is paused, each time for longer; then one worker may send it one push, and the answer
decides. When it is well again it is sent to with care for a while: what has piled up is no reason to run it over.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Boolean, ColumnElement, bindparam, case, false, or_, select, true, update

from webpush_app import clock
from webpush_app.database import UtcDateTime, among, begin_write, db
from webpush_app.delivery.models import Lane, Push, State
from webpush_app.subscriptions.push_services import Pause, PushService

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=5)
PROBE_LASTS = timedelta(seconds=30)
# What piled up during an outage comes on top of what comes anyway: at twice the usual rate it takes as long again.
CARE_FOR_EACH_SECOND_DOWN = 2
LONGEST_CARE = timedelta(minutes=30)


class Standing(NamedTuple):
    """A push service, whether it is spared, and what is due there."""

    id: int
    host: str
    paused_until: datetime | None
    paused_because: str | None
    probed_until: datetime | None
    careful_until: datetime | None
    recovered_at: datetime | None
    usual_rate: float
    has_personal: bool
    has_broadcast: bool
    has_suspect_personal: bool
    has_suspect_broadcast: bool

    @property
    def is_paused(self) -> bool:
        return self.paused_until is not None

    def may_be_probed(self, now: datetime) -> bool:
        return (
            self.paused_until is not None
            and self.paused_until <= now
            and (self.probed_until is None or self.probed_until <= now)
        )


class Known(NamedTuple):
    """What needs no look: push services of which more is due, if they are not spared, and that nothing is suspect."""

    personal: Collection[int] = ()
    broadcast: Collection[int] = ()
    has_no_suspects: bool = False


KNOWS_NOTHING = Known()


def read_standings(known: Known = KNOWS_NOTHING) -> list[Standing]:
    """Without a lock, so that an idle worker disturbs nobody. What is looked for is found by the index, or is not."""
    found = [Standing._make(row) for row in db.session.execute(STANDINGS, asking(known))]
    db.session.rollback()
    return found


def asking(known: Known) -> dict[str, Any]:
    """What STANDINGS is given."""
    more = {_MORE_OF[Lane.PERSONAL]: list(known.personal), _MORE_OF[Lane.BROADCAST]: list(known.broadcast)}
    return {"moment": clock.now(), "may_be_suspect": not known.has_no_suspects, **more}


def begin_probe(service_id: int) -> bool:
    """True for one worker alone. Commits."""
    moment = clock.now()
    begin_write()
    result = db.session.execute(
        update(PushService)
        .where(PushService.id == service_id, PushService.paused_until <= moment)
        .where(or_(PushService.probed_until.is_(None), PushService.probed_until <= moment))
        .values(probed_until=moment + PROBE_LASTS)
        .returning(PushService.id)
    )
    is_ours = result.scalar_one_or_none() is not None
    db.session.commit()
    return is_ours


def end_probe(service_id: int) -> None:
    """Nothing was said: anybody may try it again. Within the caller's transaction."""
    db.session.execute(update(PushService).where(PushService.id == service_id).values(probed_until=None))


def pause(service_id: int, because: Pause, *, asked_until: datetime | None, usual_rate: float) -> PushService:
    """For longer each time in a row, and never for less than the service asked for. Within the caller's transaction."""
    row = db.session.execute(select(PushService).where(PushService.id == service_id).with_for_update()).scalar_one()
    moment = clock.now()
    if row.paused_until is not None and row.paused_until > moment:  # another worker has just noticed it as well
        if asked_until is not None and asked_until > row.paused_until:
            row.paused_until = asked_until
        return row
    lasts = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(row.pause_level, 10))
    row.paused_until = max(moment + lasts, asked_until or moment)
    row.paused_because = because
    row.pause_level = min(row.pause_level + 1, 100)
    row.down_since = row.down_since or moment
    row.probed_until = None
    row.usual_rate = max(row.usual_rate, usual_rate) if row.pause_level > 1 else usual_rate or row.usual_rate
    db.session.flush()
    return row


def resume(service_id: int) -> PushService:
    """It is well again. Within the caller's transaction."""
    row = db.session.execute(select(PushService).where(PushService.id == service_id).with_for_update()).scalar_one()
    moment = clock.now()
    down = moment - (row.down_since or moment)
    row.paused_until = row.paused_because = row.probed_until = row.down_since = None
    row.pause_level = 0
    careful_until = moment + min(LONGEST_CARE, CARE_FOR_EACH_SECOND_DOWN * down)
    row.recovered_at, row.careful_until = moment, max(row.careful_until or careful_until, careful_until)
    db.session.flush()
    return row


def forget(service_id: int) -> None:
    """Its trouble is long ago, and nothing has piled up. Within the caller's transaction."""
    nothing = dict.fromkeys(("paused_until", "paused_because", "probed_until", "down_since", "careful_until"))
    db.session.execute(update(PushService).where(PushService.id == service_id).values(**nothing, pause_level=0))


def list_paused() -> Sequence[PushService]:
    query = select(PushService).where(PushService.paused_until.is_not(None))
    return db.session.scalars(query.order_by(PushService.host)).all()


def _is_due(lane: Lane) -> ColumnElement[bool]:
    is_known = _services.c.paused_until.is_(None) & among(_services.c.id, _MORE_OF[lane])
    return case((is_known, true()), else_=_has_due(State.QUEUED, lane))


def _is_suspect(lane: Lane) -> ColumnElement[bool]:
    return case((bindparam("may_be_suspect", type_=Boolean), _has_due(State.SENDING, lane)), else_=false())


def _has_due(state: State, lane: Lane) -> ColumnElement[bool]:
    """One look at the beginning of this part of the index. Asked by EXISTS, PostgreSQL may read all that is due into a
    table of its own: it does for as long as it does not know yet how much that is."""
    found = (
        select(_pushes.c.id)
        .where(
            _pushes.c.state == str(state),
            _pushes.c.lane == int(lane),
            _pushes.c.service_id == _services.c.id,
            _pushes.c.due_at <= bindparam("moment", type_=UtcDateTime()),
        )
        .order_by(_pushes.c.due_at)
        .limit(1)
    )
    return found.scalar_subquery().is_not(None)


_pushes: Any = Push.__table__
_services: Any = PushService.__table__
_MORE_OF = {Lane.PERSONAL: "more_personal", Lane.BROADCAST: "more_broadcast"}
# Built once, for it is asked before each claim.
STANDINGS = select(
    *(_services.c[name] for name in Standing._fields[:8]),
    _is_due(Lane.PERSONAL),
    _is_due(Lane.BROADCAST),
    _is_suspect(Lane.PERSONAL),
    _is_suspect(Lane.BROADCAST),
).order_by(_services.c.id)
