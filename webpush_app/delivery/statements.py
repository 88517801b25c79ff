"""The statements of the outbox's hot path, built once: SQLAlchemy takes longer to put such a statement together than
the database to carry it out."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, bindparam, case, func, select, update
from sqlalchemy.sql.dml import ReturningUpdate, Update

from webpush_app.database import UtcDateTime, among
from webpush_app.delivery.models import Push, State

_table: Any = Push.__table__
_NEVER_TRIED = _table.c.attempts <= 1
# As if it had not been taken.
UNTOUCHED: dict[str, Any] = {
    "state": str(State.QUEUED),
    "attempts": _table.c.attempts - 1,
    "first_attempt_at": case((_NEVER_TRIED, None), else_=_table.c.first_attempt_at),
    "lease_token": None,
}
_MOMENT = UtcDateTime()


def taking(columns: Sequence[str], *, is_suspect: bool) -> ReturningUpdate[Any]:
    """Due rows of one service and lane, or, as suspects, those that a lost worker left. Gives their columns."""
    due = (
        select(_table.c.id)
        .where(_table.c.state == str(State.SENDING if is_suspect else State.QUEUED))
        .where(_table.c.lane == bindparam("of_lane"), _table.c.service_id == bindparam("of_service"))
        .where(_table.c.due_at <= bindparam("moment", type_=_MOMENT))
        .order_by(_table.c.due_at, _table.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
    )
    values: dict[str, Any] = {
        "state": str(State.SENDING),
        "due_at": bindparam("ends_at", type_=_MOMENT),
        "lease_token": bindparam("token"),
        "attempts": _table.c.attempts + 1,
        "first_attempt_at": func.coalesce(_table.c.first_attempt_at, bindparam("moment", type_=_MOMENT)),
    }
    crashed = {"crashes": _table.c.crashes + 1} if is_suspect else {}
    taken = update(_table).where(_table.c.id.in_(due.scalar_subquery())).values(values | crashed)
    return taken.returning(*(_table.c[name] for name in columns))


def _ours() -> Update:
    return update(_table).where(among(_table.c.id, "ids"), _table.c.lease_token == bindparam("token"))


def _answering(uses_attempt: bool, is_short: bool) -> ReturningUpdate[Any]:
    values: dict[str, Any] = {
        "state": bindparam("ended"),
        "reason": bindparam("why"),
        "answer_status": bindparam("status"),
        "said": bindparam("words"),
        "answered_at": bindparam("moment", type_=_MOMENT),
        "due_at": bindparam("next_at", type_=_MOMENT),
        "crashes": 0,
        "lease_token": None,
    }
    unused = {} if uses_attempt else {"attempts": _table.c.attempts - 1}
    shortened = {"is_short": True} if is_short else {}
    return _ours().values(values | unused | shortened).returning(_table.c.id)


# By whether the attempt counts, and whether what is sent next has no text.
ANSWER = {(used, short): _answering(used, short) for used in (False, True) for short in (False, True)}
# By whether it was taken as a suspect.
GIVE_BACK = {
    is_suspect: _ours().values(
        **UNTOUCHED,
        due_at=bindparam("next_at", type_=_MOMENT),
        **({"crashes": _table.c.crashes - 1} if is_suspect else {}),
    )
    for is_suspect in (False, True)
}
