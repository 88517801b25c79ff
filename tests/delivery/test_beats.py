"""A worker says every five seconds that it is alive, and waits for nobody to say it."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NoReturn

import pytest
from flask import Flask
from sqlalchemy import delete

from tests.delivery.conftest import StandingClock
from tests.delivery.rows import MOZILLA, Rows
from webpush_app import clock
from webpush_app.database import begin_write, db
from webpush_app.delivery import beats
from webpush_app.delivery.beats import Beat
from webpush_app.delivery.counters import Counters
from webpush_app.delivery.fellows import Fellows
from webpush_app.delivery.watch_models import PushWorker
from webpush_app.errors import DatabaseBusy


@pytest.fixture
def rows(app: Flask) -> Rows:
    return Rows(app)


class Ticking:
    """The time between two beats, without the wait."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> Ticking:
    ticking = Ticking()
    monkeypatch.setattr("webpush_app.delivery.beats.time.monotonic", ticking)
    return ticking


def a_beat(counters: Counters | None = None) -> Beat:
    return Beat(counters or Counters(), Fellows(clock.now))


def step(app: Flask, beat: Beat) -> float:
    with app.app_context():
        return beat.step()


def test_the_first_beat_says_who_it_is(app: Flask, rows: Rows, clock: StandingClock) -> None:
    assert step(app, a_beat()) == beats.EVERY_SECONDS
    [row] = rows.all(PushWorker)
    assert row.name == f"{socket.gethostname()[:100]}:{os.getpid()}"
    assert (row.started_at, row.seen_at, row.ended_at) == (clock.moment, clock.moment, None)


def test_the_next_one_comes_when_it_is_due(app: Flask, rows: Rows, clock: StandingClock, ticking: Ticking) -> None:
    counters = Counters()
    beat = a_beat(counters)
    began = clock.moment
    step(app, beat)
    counters.answered(MOZILLA, "accepted", 0.1)
    clock.advance(4)
    ticking.seconds += 4
    assert step(app, beat) == 1
    assert rows.all(PushWorker)[0].seen_at == began
    clock.advance(1)
    ticking.seconds += 1
    assert step(app, beat) == beats.EVERY_SECONDS
    [row] = rows.all(PushWorker)
    assert (row.started_at, row.seen_at) == (began, clock.moment)
    assert json.loads(row.counters)["hosts"][MOZILLA]["answers"] == {"accepted": 1}


def test_the_last_one_says_that_it_ended(app: Flask, rows: Rows, clock: StandingClock) -> None:
    counters = Counters()
    beat = a_beat(counters)
    step(app, beat)
    counters.claimed(3)
    clock.advance(2)
    with app.app_context():
        beat.stop()
    [row] = rows.all(PushWorker)
    assert (row.seen_at, row.ended_at) == (clock.moment, clock.moment)
    assert json.loads(row.counters)["claimed"] == 3


@contextmanager
def somebody_writes(app: Flask) -> Iterator[None]:
    with app.app_context():
        begin_write()
        db.session.execute(delete(PushWorker).where(PushWorker.id == 0))
        yield
        db.session.rollback()


def test_a_busy_database_only_delays_it(app: Flask, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy() -> NoReturn:
        raise DatabaseBusy("")

    beat = a_beat()
    with monkeypatch.context() as patch:
        patch.setattr(beats, "short_write", busy)
        assert step(app, beat) == beats.AGAIN_SECONDS
        assert rows.ids(PushWorker) == []
    assert step(app, beat) == beats.EVERY_SECONDS
    assert len(rows.ids(PushWorker)) == 1


def test_it_waits_for_no_other_writer(app: Flask, rows: Rows) -> None:
    beat = a_beat()
    with somebody_writes(app):
        began = time.monotonic()
        said = step(app, beat)
        took = time.monotonic() - began
    assert said in (beats.AGAIN_SECONDS, beats.EVERY_SECONDS)  # where writers do not exclude each other, it is done
    assert took < 3
    step(app, beat)
    assert len(rows.ids(PushWorker)) == 1


def test_a_row_that_was_tidied_away_is_made_anew(app: Flask, rows: Rows, ticking: Ticking) -> None:
    """A machine that slept for a day."""
    beat = a_beat()
    step(app, beat)
    [first] = rows.ids(PushWorker)
    rows.writing(lambda: db.session.execute(delete(PushWorker)))
    ticking.seconds += beats.EVERY_SECONDS
    step(app, beat)
    [second] = rows.ids(PushWorker)
    assert second > first
    ticking.seconds += beats.EVERY_SECONDS
    step(app, beat)
    assert rows.ids(PushWorker) == [second]


def worker(rows: Rows, name: str, **values: object) -> None:
    rows.writing(lambda: db.session.add(PushWorker(name=name, **values)))


def test_alive_is_who_was_seen_within_fifteen_seconds_and_has_not_ended(rows: Rows, clock: StandingClock) -> None:
    now = clock.moment
    worker(rows, "a:1", seen_at=now - timedelta(seconds=15))
    worker(rows, "b:1", seen_at=now - timedelta(seconds=15, microseconds=1))
    worker(rows, "c:1", seen_at=now, ended_at=now)
    found = rows.reading(lambda: beats.list_workers(timedelta(minutes=1)))
    assert {one.name: one.is_alive for one in found} == {"a:1": True, "b:1": False, "c:1": False}
    assert [one.name for one in rows.reading(beats.list_workers)] == ["a:1", "c:1"]


def test_of_two_with_one_name_the_newer_one_counts(rows: Rows, clock: StandingClock) -> None:
    """A container's processes have the same numbers after each start."""
    worker(rows, "web:7", seen_at=clock.moment, ended_at=clock.moment, counters='{"claimed": 9}')
    worker(rows, "web:7", seen_at=clock.moment, counters='{"claimed": 1}')
    [one] = rows.reading(beats.list_workers)
    assert (one.is_alive, one.counters) == (True, {"claimed": 1})


def test_when_any_was_last_seen_is_known(rows: Rows, clock: StandingClock) -> None:
    assert rows.reading(beats.last_seen_at) is None
    worker(rows, "a:1", seen_at=clock.moment - timedelta(hours=5))
    worker(rows, "b:1", seen_at=clock.moment - timedelta(hours=6))
    assert rows.reading(beats.last_seen_at) == clock.moment - timedelta(hours=5)
