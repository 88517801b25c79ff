"""The texts of pushes. The outbox holds none: whoever put a row into it hands in a composer for its kind, which is
asked at each attempt. What was deleted, read or turned off meanwhile is dropped then, and says why.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from flask import Flask, current_app

from webpush_app.database import db
from webpush_app.logs import line
from webpush_app.protocol.message import Message


class Job(NamedTuple):
    """What a composer is told: for whom, about what, and in which language they read."""

    push_id: int
    kind: str
    subject_id: int
    recipient_id: int | None
    locale: str


@dataclass(frozen=True)
class Drop:
    reason: str


@dataclass(frozen=True)
class PutOff:
    """It may be needless in a moment; what is due then is asked about again, and no attempt is used up."""

    until: datetime


Composed = Message | Drop | PutOff
Composer = Callable[[Sequence[Job]], Mapping[int, Composed]]
_COMPOSERS = "push_composers"
NOT_COMPOSED = "not_composed"
log = logging.getLogger(__name__)


def register(app: Flask, composers: Mapping[str, Composer]) -> None:
    app.extensions[_COMPOSERS] = dict(composers)


def compose(jobs: Sequence[Job]) -> dict[int, Composed | None]:
    """None for those whose composer failed: the others do not wait for it to be mended."""
    composers: Mapping[str, Composer] = current_app.extensions[_COMPOSERS]
    composed: dict[int, Composed | None] = {}
    for kind in {job.kind for job in jobs}:
        of_kind = [job for job in jobs if job.kind == kind]
        try:
            composed |= composers[kind](of_kind)
        except Exception:
            log.exception(line("texts_not_made", kind=kind, number=len(of_kind), next="they are tried again"))
            db.session.rollback()
            composed |= dict.fromkeys(job.push_id for job in of_kind)
    return composed
