"""The push services that browsers here belong to: one row for each host, and whether it is spared for now.

All workers share these rows, so that a service that is in trouble is left alone by all of them, and asked again by one.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from flask import current_app
from sqlalchemy import SmallInteger, String, case, func, select
from sqlalchemy.orm import Mapped, mapped_column

from webpush_app import clock
from webpush_app.database import IDS_ARE_NEVER_REUSED, Base, db, insert_or_update
from webpush_app.protocol.endpoints import EndpointRefused, name_of, read_endpoint

# Strangers may name hosts below a wildcard: so many have rows of their own, and so many new ones in an hour; who comes
# then shares one. Those that nobody belongs to are forgotten after a day.
MOST_BELOW_A_WILDCARD = 200
MOST_NEW_BELOW_A_WILDCARD = 50
NEW_WITHIN = timedelta(hours=1)
# Where an endpoint of an older version of this program cannot be read any more.
UNKNOWN_HOST = "unknown"


class Pause(StrEnum):
    """Why nothing is sent to a service for now."""

    BROKEN = "broken"  # it fails, or cannot be reached
    OUR_KEY = "our_key"  # it refuses what we sign
    SLOW_DOWN = "slow_down"  # it asked for it


class PushService(Base):
    __tablename__ = "push_services"
    __table_args__ = (IDS_ARE_NEVER_REUSED,)

    id: Mapped[int] = mapped_column(primary_key=True)
    host: Mapped[str] = mapped_column(String(253), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    # Nothing is sent before that; then one push is, and its answer decides.
    paused_until: Mapped[datetime | None]
    paused_because: Mapped[str | None] = mapped_column(String(16))
    # How often in a row it was paused: each time for longer.
    pause_level: Mapped[int] = mapped_column(SmallInteger, default=0)
    down_since: Mapped[datetime | None]
    # Whoever holds this may send the one push that tries it.
    probed_until: Mapped[datetime | None]
    # After an outage it is sent to with care until then, and no faster than it was used to.
    careful_until: Mapped[datetime | None]
    recovered_at: Mapped[datetime | None]
    usual_rate: Mapped[float] = mapped_column(default=0.0)

    def __repr__(self) -> str:
        return f"<PushService {self.host}>"


def service_of(endpoint: str) -> int:
    """The id of its host's row, or, where too many were named there, of the one that they share: made where this is the
    first browser there. Within the caller's transaction."""
    host = host_of(endpoint)
    known = _find(host)
    if known is None and (shared := _shared(host)):
        host, known = shared, _find(shared)
    if known is None:
        values = {"host": host, "created_at": clock.now(), "pause_level": 0, "usual_rate": 0.0}
        # Two browsers may be the first in the same instant.
        db.session.execute(insert_or_update(PushService).values(values).on_conflict_do_nothing())
        known = db.session.execute(select(PushService.id).where(PushService.host == host)).scalar_one()
    return known


def is_below_a_wildcard(host: str) -> bool:
    """Then it may have been made up; and so may those that share the row of the wildcard itself."""
    name = _name_of(host)
    return name is not None and name.startswith("*.")


def _find(host: str) -> int | None:
    return db.session.scalar(select(PushService.id).where(PushService.host == host))


def _shared(host: str) -> str | None:
    """The wildcard itself, where there is no room for more below it. What is named in full has its own name."""
    name = _name_of(host)
    if name is None:
        return None
    is_new = case((PushService.created_at > clock.now() - NEW_WITHIN, 1))
    below = select(func.count(), func.count(is_new)).where(PushService.host.endswith(name[1:], autoescape=True))
    number, new = db.session.execute(below).one()
    return name if number >= MOST_BELOW_A_WILDCARD or new >= MOST_NEW_BELOW_A_WILDCARD else None


def _name_of(host: str) -> str | None:
    return name_of(host, current_app.config["SETTINGS"].push_service_hosts)


def host_of(endpoint: str) -> str:
    try:
        return read_endpoint(endpoint).host
    except EndpointRefused:
        return UNKNOWN_HOST
