"""The statements of the outbox's hot path, built once: SQLAlchemy takes longer to put such a statement together than
the database to carry it out."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, String, bindparam, case, func, select, true, tuple_, update
from sqlalchemy.sql.dml import Update

from webpush_app.database import InOneStep, UtcDateTime, among
from webpush_app.delivery.models import OTHER_KEY, BigId, Push, State

_table: Any = Push.__table__
# Its first attempt; where the one before was not counted it has an answer already, and an answer from before it was
# sent again by hand is none.
_IS_THE_FIRST = (_table.c.attempts <= 1) & func.coalesce(_table.c.answered_at < _table.c.first_attempt_at, true())
# As if it had not been taken.
UNTOUCHED: dict[str, Any] = {
    "state": str(State.QUEUED),
    "attempts": _table.c.attempts - 1,
    "first_attempt_at": case((_IS_THE_FIRST, None), else_=_table.c.first_attempt_at),
    "lease_token": None,
}
_MOMENT = UtcDateTime()
_PLACE = tuple_(_table.c.due_at, _table.c.id)


def due(columns: Sequence[str], *, is_suspect: bool) -> InOneStep:
    """Rows of one service and lane that may be taken, from a bookmark on, or, as suspects, that a lost worker left,
    those first that no worker was lost with before; as they will be then. Where the database can lock rows they are
    locked."""
    will_be = _taken(is_suspect) | {"was_due_at": _table.c.due_at}
    first = (_table.c.crashes,) if is_suspect else ()
    query = (
        select(*(will_be[name].label(name) if name in will_be else _table.c[name] for name in columns))
        .where(_table.c.state == str(State.SENDING if is_suspect else State.QUEUED))
        .where(_table.c.lane == bindparam("of_lane"), _table.c.service_id == bindparam("of_service"))
        .where(_table.c.due_at <= bindparam("moment", type_=_MOMENT))
        .where(tuple_(bindparam("after_due_at", type_=_MOMENT), bindparam("after_id", type_=BigId)) < _PLACE)
        .order_by(*first, _table.c.due_at, _table.c.id)
        .limit(bindparam("most", type_=Integer))
        .with_for_update(skip_locked=True)
    )
    return InOneStep(query)


def _taken(is_suspect: bool) -> dict[str, Any]:
    taken = {
        "lease_token": bindparam("token", type_=String),
        "attempts": _table.c.attempts + 1,
        "first_attempt_at": func.coalesce(_table.c.first_attempt_at, bindparam("moment", type_=_MOMENT)),
    }
    return taken | ({"crashes": _table.c.crashes + 1} if is_suspect else {})


def _these() -> Update:
    return update(_table).where(among(_table.c.id, "ids"))


def _taking(is_suspect: bool) -> Update:
    sending = {"state": str(State.SENDING), "due_at": bindparam("ends_at", type_=_MOMENT)}
    return _these().values(_taken(is_suspect) | sending)


def _answering(uses_attempt: bool, is_short: bool) -> Update:
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
    return _these().values(values | unused | ({"is_short": True} if is_short else {}))


# Who holds the lease of each, locked where the database can lock rows.
HOLDERS = InOneStep(select(_table.c.id, _table.c.lease_token).where(among(_table.c.id, "ids")).with_for_update())
# By whether it is a suspect.
TAKE = {is_suspect: _taking(is_suspect) for is_suspect in (False, True)}
# By whether the attempt counts, and whether what is sent next has no text.
ANSWER = {(used, short): _answering(used, short) for used in (False, True) for short in (False, True)}
_LACKS_KEY: dict[str, Any] = {"reason": OTHER_KEY, "answer_status": None, "said": None}
_HAS_KEY: dict[str, Any] = {"reason": case((_table.c.reason == OTHER_KEY, None), else_=_table.c.reason)}
# By whether it was taken as a suspect, and whether its browser's key is not here.
GIVE_BACK = {
    (is_suspect, lacks_key): _these()
    .where(_table.c.lease_token == bindparam("token"))
    .values(
        **UNTOUCHED,
        due_at=bindparam("next_at", type_=_MOMENT),
        **({"crashes": _table.c.crashes - 1} if is_suspect else {}),
        **(_LACKS_KEY if lacks_key else _HAS_KEY),
    )
    for is_suspect in (False, True)
    for lacks_key in (False, True)
}
