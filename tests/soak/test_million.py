"""The small form of `python -m soak million`: 20,000 browsers, and a push service of the tests that takes everything.
How long anything takes says nothing here, beside other tests; that nothing is lost, left or miscounted does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from soak import emptying, million
from soak.emptying import Taken
from soak.figures import Figures
from soak.options import Options
from tests.push.certificate import make as make_certificate
from tests.push.listener import Asked, Listener, Reply
from tests.push.service import NAMES

BROWSERS = 20_000


class Taking:
    """Counts what it takes, and keeps nothing."""

    def __init__(self, folder: Path) -> None:
        certificate = make_certificate(folder, NAMES)
        self.ca_file = certificate.ca_file
        self.listener = Listener(certificate, self._take)
        self._taken = 0

    @property
    def stand_in(self) -> str:
        return f"127.0.0.1:{self.listener.server_port}"

    def ask(self) -> dict[str, float]:
        return {"taken": self._taken}

    def _take(self, _asked: Asked) -> Reply:
        self._taken += 1
        return Reply(201)


@contextmanager
def taking(folder: Path) -> Iterator[Taking]:
    service = Taking(folder)
    service.listener.start()
    try:
        yield service
    finally:
        service.listener.stop()


@pytest.mark.postgresql_only("how its table grows")
def test_a_large_broadcast_leaves_the_table_as_it_was(
    tmp_path: Path, new_postgresql: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(million, "taking", taking)
    monkeypatch.setattr(million, "LEAST_ROWS_A_SECOND", 2000)
    monkeypatch.setattr(million, "MOST_GROWTH", 10)
    monkeypatch.setattr(million, "MOST_PROGRESS_MS", 2000)
    monkeypatch.setattr(million, "MOST_ROWS_KEPT", 0.1)
    figures = Figures()
    million.prove(tmp_path / "million", Options(browsers=BROWSERS, database_url=new_postgresql()), figures)
    assert figures.broken == []


def test_the_course_of_the_claims_is_told_by_tenths_of_the_rows() -> None:
    quick, slow = Taken(100, 1.0, 2.0), Taken(50, 3.0, 8.0)
    seen = emptying.course([*[quick] * 90, *[slow] * 20])
    assert seen.claims_ms == [2.0] * 9 + [8.0]
    assert seen.looks_ms == [1.0] * 9 + [3.0]
    assert seen.growth == 4.0
