"""How much a worker does at once, where other measures than the product's are tried; its environment tells it."""

import os
from typing import NamedTuple, Self

from webpush_app.delivery import flow

_PREFIX = "WEBPUSH_BENCH_"


class Measures(NamedTuple):
    streams: int = flow.MOST_OF_ONE_SERVICE_AT_ONCE
    """At most so many pushes are under way to one push service."""
    ahead: int = flow.AHEAD
    """So many times as many rows are taken ahead."""
    group: int = flow.GROUP
    """So many answers are written down together."""

    @property
    def words(self) -> str:
        return f"{self.streams} streams, {self.ahead * self.streams} rows ahead, {self.group} answers together"

    @property
    def environment(self) -> dict[str, str]:
        return {_PREFIX + name.upper(): str(number) for name, number in self._asdict().items()}

    @classmethod
    def given(cls) -> Self:
        return cls(*(int(os.environ[_PREFIX + name.upper()]) for name in cls._fields))
