"""What pushes are about, for whoever looks into what became of them.

The outbox knows a kind and a number. Whoever puts a kind into it hands in how its subjects are found and what they are
called: by an author, a reader and a time, and never with the text of a private message.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from flask import Flask, current_app
from flask_babel import gettext as _

_SUBJECTS = "push_subjects"
# Of what is numbered in a table. Whoever looks types what they like, and a larger number is the number of nothing.
LARGEST_ID = 2**31 - 1


@dataclass(frozen=True)
class Subject:
    kind: str
    id: int
    title: str
    sent_at: datetime
    # All of whose browsers it was for; null where it was for many, or for one browser alone.
    recipient_id: int | None
    # What else explains why nothing was sent: it was read meanwhile, for whom it was.
    facts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.kind}:{self.id}"


class Subjects(Protocol):
    """The subjects of one kind."""

    def find_subjects(self, subject_ids: Collection[int], /) -> Mapping[int, Subject]:
        """Those that are still there."""

    def recent_subjects(self, user_id: int, most: int, /) -> Sequence[Subject]:
        """What was for this person lately, newest first."""


def register(app: Flask, subjects: Mapping[str, Subjects]) -> None:
    """The first kind is the one that a bare number means."""
    app.extensions[_SUBJECTS] = dict(subjects)


def kinds() -> list[str]:
    return list(_registered())


def find(kind: str, subject_ids: Collection[int]) -> Mapping[int, Subject]:
    found = _registered().get(kind)
    return found.find_subjects(subject_ids) if found and subject_ids else {}


def lost(kind: str, subject_id: int, sent_at: datetime) -> Subject:
    """It has been deleted since; its pushes are still there."""
    title = _("%(kind)s %(number)d, which is not there any more", kind=kind.capitalize(), number=subject_id)
    return Subject(kind, subject_id, title, sent_at, None)


def recent(user_id: int, most: int) -> list[Subject]:
    """Of every kind together, newest first."""
    found = [one for subjects in _registered().values() for one in subjects.recent_subjects(user_id, most)]
    return sorted(found, key=lambda one: (one.sent_at, one.id), reverse=True)[:most]


def _registered() -> dict[str, Subjects]:
    registered: dict[str, Subjects] = current_app.extensions[_SUBJECTS]
    return registered
