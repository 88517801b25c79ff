"""Who asks a route that only reads, as a few plain values.

Open pages ask every few seconds, and to make the objects of a person and a session costs more than all the rest of such
an answer. The session is looked up in the database at each request all the same, by the same rule.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from flask_login import UserMixin
from sqlalchemy import select

from webpush_app.accounts.models import LoginSession, User
from webpush_app.accounts.sessions import IS_LIVE, named
from webpush_app.database import db


class OpenSession(NamedTuple):
    id: int
    user_id: int
    last_seen: datetime
    is_remembered: bool


@dataclass(eq=False)
class Reader(UserMixin):
    """What every request asks of a person, under the names that `User` has for it; it cannot be changed or stored."""

    id: int
    locale: str | None
    login_session: OpenSession


_sessions = LoginSession.__table__.c
_READER = (
    select(User.__table__.c.locale, *(_sessions[name] for name in OpenSession._fields))
    .select_from(LoginSession.__table__.join(User.__table__))
    .where(*IS_LIVE)
)


def load_reader(token: str) -> Reader | None:
    found = db.session.connection().execute(_READER, named(token)).one_or_none()
    if found is None:
        return None
    locale, *row = found
    return Reader(found.user_id, locale, OpenSession(*row))
