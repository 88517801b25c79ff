"""The turnstile of several web processes: Redis counts for all of them and, where there is none or it is away,
PostgreSQL, with a row for each session that says what it has left.

One statement looks and takes, and waits for nobody. On SQLite one web process is the whole site, and its memory enough.
"""

from typing import Protocol

from sqlalchemy import case, delete, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from webpush_app import clock
from webpush_app.database import db, insert_or_update, short_write
from webpush_app.errors import AppError
from webpush_app.notifications.models import TurnstileRow
from webpush_app.notifications.turnstile import AT_ONCE, PER_SECOND, OwnTurnstile, Turnstile, digest

_ONE_TURN = int(1_000_000 / PER_SECOND)


class Broker(Protocol):
    def take_turn(self, name: str, *, at_once: int, per_second: float) -> bool | None: ...


class SharedTurnstile:
    """Who knocks at one process without end is refused by its own memory, and where nobody else can be asked that
    decides alone."""

    def __init__(self, broker: Broker | None = None, *, has_rows: bool = True) -> None:
        self._own = OwnTurnstile()
        self._broker = broker
        self._has_rows = has_rows

    def lets(self, token: str) -> bool:
        return self._own.lets(token) and self._is_let_by_all(digest(token))

    def _is_let_by_all(self, session_digest: bytes) -> bool:
        if self._broker is not None:
            name = f"sockets:{session_digest.hex()}"
            answer = self._broker.take_turn(name, at_once=AT_ONCE, per_second=PER_SECOND)
            if answer is not None:
                return answer
        try:
            return not self._has_rows or _takes_a_turn(session_digest)
        except (AppError, SQLAlchemyError):
            return True


def turnstile_for(database_url: str, broker: Broker | None = None) -> Turnstile:
    has_rows = make_url(database_url).get_backend_name() == "postgresql"
    return SharedTurnstile(broker, has_rows=has_rows) if broker is not None or has_rows else OwnTurnstile()


def forget_turns(most: int) -> int:
    """Of sessions that have all their turns again. Within the caller's transaction; how many there were."""
    is_full = TurnstileRow.full_at <= clock.to_microseconds(clock.now())
    full = select(TurnstileRow.session_digest).where(is_full).limit(most).with_for_update(skip_locked=True)
    gone = delete(TurnstileRow).where(TurnstileRow.session_digest.in_(full)).returning(TurnstileRow.session_digest)
    return len(db.session.scalars(gone.execution_options(synchronize_session=False)).all())


def _takes_a_turn(session_digest: bytes) -> bool:
    now = clock.to_microseconds(clock.now())
    full_at = case((TurnstileRow.full_at > now, TurnstileRow.full_at), else_=now) + _ONE_TURN
    new = insert_or_update(TurnstileRow).values(session_digest=session_digest, full_at=now + _ONE_TURN)
    taken = new.on_conflict_do_update(
        index_elements=["session_digest"], set_={"full_at": full_at}, where=full_at <= now + AT_ONCE * _ONE_TURN
    )
    with short_write() as connection:
        return connection.execute(taken.returning(TurnstileRow.full_at)).first() is not None
