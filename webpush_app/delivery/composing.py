"""The texts of pushes. The outbox holds none: whoever put a row into it hands in a composer for its kind, which is
asked at each attempt. What was deleted, read or turned off meanwhile is dropped then, and says why. What a person's
browser is told beside the text, a companion says.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from flask import Flask, current_app

from webpush_app.database import db
from webpush_app.errors import DatabaseBusy
from webpush_app.logs import line
from webpush_app.protocol.message import Message, to_fields


class Job(NamedTuple):
    """What a composer is told: for whom, about what, in which language they read, and whose browser it goes to."""

    push_id: int
    kind: str
    subject_id: int
    recipient_id: int | None
    locale: str
    owner_id: int | None
    """None where it is a stranger's."""


@dataclass(frozen=True)
class Drop:
    reason: str


@dataclass(frozen=True)
class PutOff:
    """It may be needless in a moment; what is due then is asked about again, and no attempt is used up."""

    until: datetime


Composed = Message | Drop | PutOff
Composer = Callable[[Sequence[Job]], Mapping[int, Composed]]
Companion = Callable[[Sequence[Job]], Mapping[int, Mapping[str, object] | None]]
"""JSON values, by the number of the push; None where nobody need be told any more."""
READ_ALREADY = Drop("read_already")
_COMPOSERS = "push_composers"
_COMPANION = "push_companion"
NOT_COMPOSED = "not_composed"
log = logging.getLogger(__name__)


def register(app: Flask, composers: Mapping[str, Composer], companion: Companion) -> None:
    app.extensions[_COMPOSERS] = dict(composers)
    app.extensions[_COMPANION] = companion


def compose(jobs: Sequence[Job]) -> dict[int, Composed | None]:
    """None for those whose composer failed: the others do not wait for it to be mended. A database that is away is no
    fault of a composer."""
    composers: Mapping[str, Composer] = current_app.extensions[_COMPOSERS]
    composed: dict[int, Composed | None] = {}
    for kind in {job.kind for job in jobs}:
        of_kind = [job for job in jobs if job.kind == kind]
        try:
            composed |= composers[kind](of_kind)
        except DatabaseBusy:
            raise
        except Exception:
            log.exception(line("texts_not_made", kind=kind, number=len(of_kind), next="they are tried again"))
            db.session.rollback()
            composed |= dict.fromkeys(job.push_id for job in of_kind)
    return composed


def companions(jobs: Sequence[Job]) -> dict[int, bytes | Drop]:
    """The fields beside the texts, ready to be added. Strangers have none; and who is to be told something is told it
    also where this fails."""
    of_people = [job for job in jobs if job.owner_id is not None]
    if not of_people:
        return {}
    companion: Companion = current_app.extensions[_COMPANION]
    try:
        said = companion(of_people).items()
        return {push_id: READ_ALREADY if values is None else to_fields(values) for push_id, values in said}
    except Exception as problem:
        text = line("companions_not_made", number=len(of_people), next="the texts are sent without")
        log.exception(text, exc_info=not isinstance(problem, DatabaseBusy))
        db.session.rollback()
        return {}
