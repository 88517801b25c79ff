"""What somebody types who wants to know what became of a push: the number of a message, a broadcast or a push, or a
name."""

import re

from flask_babel import gettext as _
from sqlalchemy import select

from webpush_app.accounts.service import find_user
from webpush_app.database import db
from webpush_app.delivery import subjects, trail
from webpush_app.delivery.models import Push
from webpush_app.delivery.subjects import Subject
from webpush_app.delivery.trail import PersonsTrail, Trail
from webpush_app.errors import NotFound

PUSH = "push"
PERSON = "user"
RECENT = 10
_NUMBERED = re.compile(r"(?:([a-z]+)[ :#]+|#)?([0-9]{1,18})", re.ASCII | re.IGNORECASE)
_NAMED = re.compile(rf"(?:{PERSON}:)?\s*(\S+)", re.IGNORECASE)


def search(typed: str, most: int = RECENT, *, below: int | None = None) -> Trail | PersonsTrail:
    """Of a person the most recent that was for them; of a broadcast one page, `below` a browser's number."""
    numbered = _NUMBERED.fullmatch(typed.strip())
    about = _find_numbered(numbered[1], int(numbered[2]), below) if numbered else None
    found = about or _find_person(typed.strip(), most)
    if found is None:
        raise NotFound(
            _(
                "Nothing is known by “%(typed)s”. Give the number of a message (12 or message:12), of a broadcast "
                "(broadcast:3) or of a push (push:41), or the name of a person (susan).",
                typed=typed.strip()[:64],
            )
        )
    return found


def _find_numbered(kind: str | None, number: int, below: int | None) -> Trail | None:
    kind = (kind or subjects.kinds()[0]).lower()
    if kind == PUSH:
        push = db.session.get(Push, number)
        return trail.of_push(push) if push else None
    subject = subjects.find(kind, [number]).get(number) or _lost(kind, number)
    return trail.of_subject(subject, below=below) if subject else None


def _lost(kind: str, number: int) -> Subject | None:
    """Deleted since: what was sent about it can still be found."""
    sent_at = db.session.scalar(
        select(Push.created_at)
        .where(Push.kind == kind, Push.subject_id == number)
        .order_by(Push.subscription_id)
        .limit(1)
    )
    return subjects.lost(kind, number, sent_at) if sent_at else None


def _find_person(typed: str, most: int) -> PersonsTrail | None:
    named = _NAMED.fullmatch(typed)
    person = find_user(named[1]) if named else None
    return trail.of_person(person, most) if person else None
