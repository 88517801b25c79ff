"""A tally is folded to a line for each state, and says the same at every moment."""

import random
import threading
from collections.abc import Callable

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event

from tests.delivery.rows import Rows
from webpush_app.database import db
from webpush_app.delivery import folding, outbox
from webpush_app.delivery.folding import Fold
from webpush_app.delivery.models import PushTally, State

KIND = "broadcast"


@pytest.fixture
def rows(app: Flask) -> Rows:
    return Rows(app)


def fold(rows: Rows) -> int:
    """To the end; how many steps it took."""
    with rows.app.app_context():
        step, taken = Fold().step, 1
        while step():
            taken += 1
            assert taken < 1000
        return taken


def sums(rows: Rows, subject_id: int = 1) -> dict[State, int]:
    return rows.reading(lambda: outbox.read_tally(KIND, subject_id))


LINES = st.lists(st.tuples(st.sampled_from(State), st.integers(-50, 1000)), max_size=40)


@settings(database=None, deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tallies=st.lists(LINES, min_size=1, max_size=4), most=st.integers(2, 30))
def test_the_sums_stay_what_they_were(*, rows: Rows, tallies: list[list[tuple[State, int]]], most: int) -> None:
    rows.writing(lambda: db.session.execute(delete(PushTally)))
    for subject_id, lines in enumerate(tallies, 1):
        if lines:
            rows.tally(subject_id, *lines)
    before = [sums(rows, subject_id) for subject_id in range(1, len(tallies) + 1)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "MOST", max(most, len(State) + 1))
        fold(rows)
    assert [sums(rows, subject_id) for subject_id in range(1, len(tallies) + 1)] == before
    for subject_id, lines in enumerate(tallies, 1):
        assert rows.lines(subject_id) <= len({state for state, _number in lines})


def test_a_large_tally_is_folded_in_small_steps(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    rows.tally(1, *[(State.QUEUED, 1000)] * 700, *[(State.ACCEPTED, 50)] * 900)
    taken: list[int] = []
    with rows.app.app_context():

        def note(*_more: object) -> None:
            taken.append(1)

        event.listen(db.engine, "commit", note)
        assert fold(rows) <= 10
        event.remove(db.engine, "commit", note)
    assert len(taken) == 4
    assert rows.lines(1) == 2
    assert (sums(rows)[State.QUEUED], sums(rows)[State.ACCEPTED]) == (700_000, 45_000)


def test_what_is_folded_already_is_not_written_again(rows: Rows) -> None:
    for subject_id in range(1, 30):
        rows.tally(subject_id, (State.QUEUED, 10), (State.ACCEPTED, 10))
    before = rows.ids(PushTally)
    assert fold(rows) == 1
    assert rows.ids(PushTally) == before


def test_many_small_tallies_are_walked_in_windows(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "MOST", 10)
    for subject_id in range(1, 13):
        rows.tally(subject_id, (State.QUEUED, 10), (State.ACCEPTED, 10))
    rows.tally(13, (State.QUEUED, 3), (State.QUEUED, 4))
    assert fold(rows) == 4  # three windows, and one to fold
    assert rows.lines(13) == 1
    assert sums(rows, 13)[State.QUEUED] == 7


def test_two_kinds_with_one_number_are_two_tallies(rows: Rows) -> None:
    rows.tally(1, (State.QUEUED, 1), (State.QUEUED, 2))
    rows.tally(1, (State.QUEUED, 10), (State.QUEUED, 20), kind="other")
    fold(rows)
    assert sums(rows)[State.QUEUED] == 3
    assert rows.lines(1) == 2


def together(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


def test_lines_that_are_added_meanwhile_are_counted_once(rows: Rows) -> None:
    """Several fold the same tally while a worker settles: each line is taken away by one of them alone."""
    choice = random.Random(3)
    rows.tally(1, *[(State.QUEUED, 7)] * 60)
    seen: list[int] = []
    stop = threading.Event()

    def settle() -> None:
        for _time in range(60):
            rows.tally(1, (choice.choice([State.ACCEPTED, State.GONE]), 7))
        stop.set()

    def fold_until_the_end() -> None:
        while not stop.is_set():
            fold(rows)

    def watch() -> None:
        while not stop.is_set():
            seen.append(sums(rows)[State.QUEUED])

    together(settle, fold_until_the_end, fold_until_the_end, watch)
    fold(rows)
    found = sums(rows)
    assert set(seen) == {420}
    assert found[State.QUEUED] == found[State.ACCEPTED] + found[State.GONE] == 420
    assert rows.lines(1) == 3
