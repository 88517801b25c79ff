"""Each proof in its small form: on SQLite and on PostgreSQL, or on the one that is chosen, where the database has a
part in it; else on one of them."""

from collections.abc import Callable
from typing import TypedDict

import pytest

from tests.chosen import DATABASES, SQLITE


class Where(TypedDict, total=False):
    database_url: str


# What is killed, ended or in another's way leaves it to the database what is lost, and several workers know of each
# other, and of what is wrong, by the database alone.
OF_BOTH = {"outage", "poison", "priority", "sigterm", "web_kills", "worker_kills", "writers"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "where" in metafunc.fixturenames:
        proof = metafunc.module.__name__.rpartition(".test_")[2]
        metafunc.parametrize("where", DATABASES if proof in OF_BOTH else DATABASES[:1], indirect=True)


@pytest.fixture
def where(request: pytest.FixtureRequest) -> Where:
    """The database of a proof, as its options name it: empty, and nobody else's."""
    if request.param == SQLITE:
        return {}
    make: Callable[[], str] = request.getfixturevalue("new_postgresql")
    return {"database_url": make()}
