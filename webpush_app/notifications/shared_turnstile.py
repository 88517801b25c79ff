"""The turnstile of several web processes: on PostgreSQL a row for each session says what it has left.

One statement looks and takes, and waits for nobody. On SQLite one web process is the whole site, and its memory enough.
"""

from sqlalchemy import case, delete, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from webpush_app import clock
from webpush_app.database import db, insert_or_update, short_write
from webpush_app.errors import AppError
from webpush_app.notifications.models import TurnstileRow
from webpush_app.notifications.turnstile import AT_ONCE, PER_SECOND, OwnTurnstile, Turnstile, digest

_ONE_TURN = int(1_000_000 / PER_SECOND)


class SharedTurnstile:
    """Who knocks at one process without end is refused by its own memory, and where the database is busy that decides
    alone."""

    def __init__(self) -> None:
        self._own = OwnTurnstile()

    def lets(self, token: str) -> bool:
        if not self._own.lets(token):
            return False
        try:
            return _takes_a_turn(digest(token))
        except (AppError, SQLAlchemyError):
            return True


def turnstile_for(database_url: str) -> Turnstile:
    return SharedTurnstile() if make_url(database_url).get_backend_name() == "postgresql" else OwnTurnstile()


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
