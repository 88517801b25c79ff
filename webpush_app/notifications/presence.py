"""Who has what open and looks at it: a push about it would be one too many.

The page says so again and again; what it does not take back, say because its machine went to sleep, is over by itself.
Nothing relies on it alone: a push is put off for a moment by it, and dropped only when what it is about was read.
"""

import re
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import delete, select

from webpush_app import clock
from webpush_app.accounts.models import LoginSession
from webpush_app.database import db, insert_or_update
from webpush_app.notifications.models import Presence

LASTS = timedelta(seconds=25)  # the page says it every fifteen
_PLACE = re.compile(r"[a-z]{1,20}:[0-9]{1,19}")
_MOST_PLACES = 20  # of one session: whoever invents them gains nothing


def is_place(text: object) -> bool:
    return isinstance(text, str) and _PLACE.fullmatch(text) is not None


def look(session: LoginSession, place: str) -> None:
    """The caller has begun a writing transaction, and commits."""
    now = clock.now()
    db.session.execute(delete(Presence).where(Presence.until <= now))
    own = select(Presence.place).where(Presence.login_session_id == session.id)
    if len(db.session.scalars(own).all()) >= _MOST_PLACES:
        leave_all(session)
    statement = insert_or_update(Presence).values(
        login_session_id=session.id, place=place, user_id=session.user_id, until=now + LASTS
    )
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["login_session_id", "place"], set_={"until": statement.excluded.until}
        )
    )


def leave(session: LoginSession, place: str) -> None:
    db.session.execute(delete(Presence).where(Presence.login_session_id == session.id, Presence.place == place))


def leave_all(session: LoginSession) -> None:
    db.session.execute(delete(Presence).where(Presence.login_session_id == session.id))


def looked_at(user_ids: Collection[int]) -> set[tuple[int, str]]:
    """By whom of these, and what."""
    query = select(Presence.user_id, Presence.place)
    rows = db.session.execute(query.where(Presence.user_id.in_(user_ids), Presence.until > clock.now()))
    return {(row.user_id, row.place) for row in rows}
