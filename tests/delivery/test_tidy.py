"""What is done with is kept for its days and then goes, in small steps; what is not done with never goes."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, update

from tests.conftest import AppMaker
from tests.delivery.conftest import CONTACT, StandingClock
from tests.delivery.rows import MOZILLA, Rows
from tests.statements import listening
from webpush_app.database import db
from webpush_app.delivery import tidy
from webpush_app.delivery.alerts import AlertKind, end_alert, raise_alert
from webpush_app.delivery.models import FINAL, WAITING, Push, PushAttempt, State
from webpush_app.delivery.tidy import DEAD_LETTERS, Step
from webpush_app.delivery.watch_models import OperatorAlert, PushWorker

# As the settings are unless they are told otherwise.
KEPT, DEAD_LETTERS_KEPT = 7, 30


@pytest.fixture
def rows(app: Flask) -> Rows:
    return Rows(app)


def a_round(rows: Rows, *steps: Step) -> int:
    """All of it; how many steps it took."""
    with rows.app.app_context():
        taken = 0
        for step in steps or tidy.steps():
            taken += 1
            while step():
                taken += 1
                assert taken < 1000
        return taken


@pytest.mark.parametrize("state", sorted(FINAL))
def test_what_has_ended_goes_after_its_days(rows: Rows, state: State) -> None:
    kept = DEAD_LETTERS_KEPT if state in DEAD_LETTERS else KEPT
    rows.old(state, days=kept + 0.01)
    young = rows.old(state, days=kept - 0.01)
    a_round(rows)
    assert rows.ids(Push) == young


@pytest.mark.parametrize("state", sorted(WAITING))
def test_what_waits_stays_however_old_it_is(rows: Rows, clock: StandingClock, state: State) -> None:
    waiting = rows.push(state, created_at=clock.moment - timedelta(days=400))
    a_round(rows)
    assert rows.ids(Push) == waiting


def test_the_settings_say_how_long(make_app: AppMaker) -> None:
    rows = Rows(make_app(vapid_claim_email=CONTACT, pushes_kept_days=40, dead_letters_kept_days=2))
    rows.old(State.ACCEPTED, days=41)
    rows.old(State.FAILED, days=3)
    kept = [*rows.old(State.ACCEPTED, days=39), *rows.old(State.EXPIRED, days=1)]
    a_round(rows)
    assert rows.ids(Push) == kept


def test_one_that_was_sent_again_is_kept_from_its_new_end_on(rows: Rows, clock: StandingClock) -> None:
    """A dead letter that was put back after weeks, and accepted then."""
    again = rows.old(State.ACCEPTED, days=20, answered_at=clock.moment - timedelta(days=1))
    a_round(rows)
    assert rows.ids(Push) == again


def test_one_that_is_put_back_while_it_is_looked_at_stays(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    [first, second] = rows.old(State.FAILED, 2, days=40)
    step = tidy.FinishedPushes._delete

    def put_back_then(self: Any, over: Sequence[int]) -> None:
        db.session.execute(update(Push).where(Push.id == first).values(state=State.QUEUED, answered_at=None))
        step(self, over)

    monkeypatch.setattr(tidy.FinishedPushes, "_delete", put_back_then)
    rows.attempt(first)
    rows.attempt(second)
    a_round(rows)
    assert rows.ids(Push) == [first]
    assert [row.push_id for row in rows.all(PushAttempt)] == [first]


def test_the_attempts_of_a_push_go_with_it(rows: Rows) -> None:
    [old], [young] = rows.old(State.ACCEPTED, days=8), rows.old(State.ACCEPTED, days=1)
    for push_id in (old, old, young):
        rows.attempt(push_id, days=0)
    a_round(rows)
    assert [row.push_id for row in rows.all(PushAttempt)] == [young]


def test_attempts_of_pushes_that_went_in_another_way_go_when_they_are_old(rows: Rows) -> None:
    [push] = rows.old(State.FAILED, days=20)
    rows.attempt(999, days=8)
    kept = [rows.attempt(push, days=20), rows.attempt(999, days=6)]
    a_round(rows)
    assert rows.ids(PushAttempt) == kept


def test_each_step_is_small_and_one_transaction(app: Flask, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidy, "MOST", 10)
    rows.old(State.ACCEPTED, 35, days=8)
    deleted: list[int] = []
    left = 35
    with app.app_context():
        step = tidy.FinishedPushes().step
        for expected in (True, True, True, False):
            with listening(db.engine) as statements:
                assert step() is expected
            now_left = len(rows.ids(Push))
            deleted.append(left - now_left)
            left = now_left
            # Looked for without a lock; the write is two statements, and no row is read in it.
            begin = next(place for place, statement in enumerate(statements) if statement.startswith("DELETE"))
            assert len(statements) - begin == 2
    assert deleted == [10, 10, 10, 5]


def test_it_ends_at_the_first_row_that_is_too_young(app: Flask, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million young rows are not looked at."""
    monkeypatch.setattr(tidy, "MOST", 10)
    rows.old(State.ACCEPTED, 5, days=8)
    rows.old(State.ACCEPTED, 100, days=1)
    with app.app_context():
        step = tidy.FinishedPushes().step
        assert not step()
    assert len(rows.ids(Push)) == 100


def test_old_dead_letters_are_walked_past(app: Flask, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tidy, "MOST", 10)
    dead = rows.old(State.FAILED, 25, days=9)
    rows.old(State.ACCEPTED, 3, days=8)
    with app.app_context():
        step = tidy.FinishedPushes().step
        assert [step() for _time in range(3)] == [True, True, False]
    assert rows.ids(Push) == dead


def test_a_step_that_finds_nothing_writes_nothing(app: Flask, rows: Rows) -> None:
    rows.old(State.FAILED, 5, days=9)
    committed: list[object] = []

    def note(connection: object) -> None:
        committed.append(connection)

    with app.app_context():
        event.listen(db.engine, "commit", note)
        for step in tidy.steps():
            if step is not tidy.end_alerts:
                assert not step()
        event.remove(db.engine, "commit", note)
    assert committed == []


def test_workers_go_after_a_day_but_for_the_newest(rows: Rows, clock: StandingClock) -> None:
    for days in (3, 2, 0.9, 2):
        row = PushWorker(name="web:1", seen_at=clock.moment - timedelta(days=days))
        rows.writing(lambda row=row: db.session.add(row))  # type: ignore[misc]
    a_round(rows)
    assert rows.ids(PushWorker) == [3, 4]


def test_alerts_go_ninety_days_after_their_end(rows: Rows, clock: StandingClock) -> None:
    rows.writing(lambda: raise_alert(AlertKind.OUR_KEY, MOZILLA))
    rows.writing(lambda: raise_alert(AlertKind.HOST_DOWN, MOZILLA))
    rows.writing(lambda: end_alert(AlertKind.HOST_DOWN, MOZILLA))
    clock.advance(90 * 24 * 3600)
    a_round(rows)
    assert len(rows.ids(OperatorAlert)) == 2
    clock.advance(1)
    a_round(rows)
    assert [row.kind for row in rows.all(OperatorAlert)] == [AlertKind.OUR_KEY]


def test_a_round_ends_the_alerts_of_what_did_not_come_again(rows: Rows, clock: StandingClock) -> None:
    rows.writing(lambda: raise_alert(AlertKind.GONE_WAVE, MOZILLA))
    clock.advance(24 * 3600 + 1)
    a_round(rows)
    assert rows.all(OperatorAlert)[0].ended_at == clock.moment


def test_what_another_room_forgets_is_a_step_like_the_others(app: Flask, rows: Rows) -> None:
    left = 1200

    def forget(most: int) -> int:
        nonlocal left
        number = min(most, left)
        left -= number
        db.session.add(PushWorker(name=f"forgot {number}"))
        return number

    with app.app_context():
        step = next(step for step in tidy.steps(tidy.forgetting(forget)) if "forgetting" in step.__qualname__)
        assert [step() for _time in range(3)] == [True, True, False]
    assert [row.name for row in rows.all(PushWorker)] == ["forgot 500", "forgot 500", "forgot 200"]
