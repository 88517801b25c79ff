"""What the inbox asks of those whose items are in it: what an item says, and to note that it was read here.

The inbox knows neither messages nor broadcasts: the factory hands in who does.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flask import Flask, current_app

from webpush_app.notifications.models import InboxItem


class Said(NamedTuple):
    """An item as a person reads it."""

    title: str
    text: str
    url: str
    """Where one goes to see the whole."""
    author: str | None = None
    """Whose picture stands beside it; without one it is the site's own."""


def _nothing_more(_user_id: int, _subject_ids: Collection[int], _moment: int) -> None:
    pass


@dataclass(frozen=True)
class Kind:
    describe: Callable[[Sequence[InboxItem]], Mapping[int, Said]]
    """By the number of the item; what is not in it is no longer there."""
    note_read: Callable[[int, Collection[int], int], None] = _nothing_more
    """Whose items, of which subjects, were read in the inbox. Within the caller's transaction, which holds the person's
    clock, and hands on the tick it gave."""


_KINDS = "inbox_kinds"


def register(app: Flask, kinds: Mapping[str, Kind]) -> None:
    app.extensions[_KINDS] = dict(kinds)


def kind_named(name: str) -> Kind:
    kind: Kind = current_app.extensions[_KINDS][name]
    return kind
