"""Each proof in its small form, on SQLite and on PostgreSQL, or on the one that is chosen."""

from collections.abc import Callable
from typing import TypedDict

import pytest

from tests.chosen import DATABASES, SQLITE


class Where(TypedDict, total=False):
    database_url: str


@pytest.fixture(params=DATABASES)
def where(request: pytest.FixtureRequest) -> Where:
    """The database of a proof, as its options name it: empty, and nobody else's."""
    if request.param == SQLITE:
        return {}
    make: Callable[[], str] = request.getfixturevalue("new_postgresql")
    return {"database_url": make()}
