"""Fold the tally of a broadcast: of the many lines that its settlements wrote, one for each state stays.

Lines that are there are never changed, only taken away, and what exactly was taken away is written down as its sum, in
the same transaction. So the sums are the same at every moment, whoever adds lines meanwhile or folds the same tally.
"""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import delete, func, insert, select, tuple_

from webpush_app.database import begin_write, db
from webpush_app.delivery.models import PushTally

MOST = 500


class Fold:
    """Walks from the oldest line, a window at a time, and folds whatever is met there."""

    def __init__(self) -> None:
        self._place = 0

    def step(self) -> bool:
        window = select(PushTally.id, PushTally.kind, PushTally.subject_id).where(PushTally.id > self._place)
        rows = db.session.execute(window.order_by(PushTally.id).limit(MOST)).all()
        found = _first_to_fold([(row.kind, row.subject_id) for row in rows])
        db.session.rollback()
        if found is not None:
            begin_write()
            _fold(*found)
            db.session.commit()
            return True
        if rows:
            self._place = rows[-1].id
        return len(rows) == MOST


def _first_to_fold(subjects: Sequence[tuple[str, int]]) -> tuple[str, int] | None:
    """One that has more lines than states."""
    if not subjects:
        return None
    which = (PushTally.kind, PushTally.subject_id)
    lines, states = func.count(PushTally.id), func.count(func.distinct(PushTally.state))
    query = select(*which).where(tuple_(*which).in_(sorted(set(subjects)))).group_by(*which).having(lines > states)
    found = db.session.execute(query.order_by(*which).limit(1)).first()
    return None if found is None else (found.kind, found.subject_id)


def _fold(kind: str, subject_id: int) -> None:
    """The oldest lines of it. Those that another worker folds right now are left to it."""
    oldest = select(PushTally.id).where(PushTally.kind == kind, PushTally.subject_id == subject_id)
    oldest = oldest.order_by(PushTally.id).limit(MOST).with_for_update(skip_locked=True)
    taking = delete(PushTally).where(PushTally.id.in_(oldest.scalar_subquery()))
    taking = taking.execution_options(synchronize_session=False)
    sums: Counter[str] = Counter()
    for state, number in db.session.execute(taking.returning(PushTally.state, PushTally.number)):
        sums[state] += number
    lines = [
        {"kind": kind, "subject_id": subject_id, "state": state, "number": number} for state, number in sums.items()
    ]
    if lines:
        db.session.execute(insert(PushTally), lines)
