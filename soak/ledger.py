"""What people know they sent, compared with what the database holds. Each text is sent once, and names its message."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Sent:
    """One message, as its author knows it."""

    text: str
    tried_at: list[datetime] = field(default_factory=list)
    acknowledged_at: float | None = None
    """By the clock that only goes forward."""

    @property
    def is_acknowledged(self) -> bool:
        return self.acknowledged_at is not None


@dataclass(frozen=True)
class Verdict:
    sent: int
    acknowledged: int
    stored: int
    lost: int  # acknowledged, and not there
    stored_twice: int
    unheard_of: int  # there, and sent by nobody
    tried_again: int  # acknowledged at a later attempt than the first
    known_again: int  # the earlier attempt had been stored, and only its answer was lost


def judge(sent: Sequence[Sent], stored: Iterable[tuple[str, datetime]]) -> Verdict:
    rows = list(stored)
    copies = Counter(text for text, _moment in rows)
    first = dict(reversed(rows))
    acknowledged = [one for one in sent if one.is_acknowledged]
    again = [one for one in acknowledged if len(one.tried_at) > 1]
    return Verdict(
        sent=len(sent),
        acknowledged=len(acknowledged),
        stored=len(rows),
        lost=sum(one.text not in copies for one in acknowledged),
        stored_twice=sum(count - 1 for count in copies.values()),
        unheard_of=len(copies.keys() - {one.text for one in sent}),
        tried_again=len(again),
        known_again=sum(one.text in first and first[one.text] < one.tried_at[-1] for one in again),
    )
