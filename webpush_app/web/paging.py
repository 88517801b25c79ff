"""Pages of a long list. Nothing is counted: one row more is asked for, and says whether another page follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flask_babel import gettext as _

from webpush_app.errors import NotFound

Item = TypeVar("Item")


@dataclass(frozen=True)
class Page(Generic[Item]):
    items: Sequence[Item]
    page: int
    has_next: bool

    @property
    def has_prev(self) -> bool:
        return self.page > 1

    @property
    def prev_num(self) -> int:
        return self.page - 1

    @property
    def next_num(self) -> int:
        return self.page + 1


def window(page: int, size: int) -> tuple[int, int]:
    """Offset and limit of a page, with the one row more that tells whether another page follows."""
    return (page - 1) * size, size + 1


def existing(found: Page[Item]) -> Page[Item]:
    """The first page may be empty; any other empty page is no page."""
    if found.page > 1 and not found.items:
        raise no_such_page()
    return found


def no_such_page() -> NotFound:
    return NotFound(_("There is no such page. Begin with the first one."))


def cut(rows: Sequence[Item], page: int, size: int) -> Page[Item]:
    return Page(items=rows[:size], page=page, has_next=len(rows) > size)
