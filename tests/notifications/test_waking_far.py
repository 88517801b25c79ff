"""Web processes wake each other through Redis and, while it is away, by the pipes of their machine."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import AppMaker
from tests.engine.processes import wait_until
from tests.redis_server import RedisServer
from webpush_app.broker import EXTENSION
from webpush_app.notifications import hearing, waking
from webpush_app.notifications.hearing import Ear

pytestmark = [pytest.mark.redis, pytest.mark.sqlite_only("nothing here asks the database")]

Word = tuple[str, list[int]]
EVERYTHING: list[Word] = [(waking.EVERYBODY, []), (waking.CHECK, [])]


class Process:
    def __init__(self, folder: Path, app: Flask | None) -> None:
        self.heard: list[Word] = []
        broker = app.extensions[EXTENSION] if app is not None else None
        self.ear = Ear(folder, self._hear, lambda: None, broker)
        self.ear.start()

    def _hear(self, word: str, ids: Sequence[int]) -> None:
        self.heard.append((word, list(ids)))


Start = Callable[[Path, Flask | None], Process]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[Process] = []

    def make(folder: Path, app: Flask | None) -> Process:
        started.append(Process(folder, app))
        return started[-1]

    yield make
    for process in started:
        process.ear.stop()


@pytest.fixture
def app(make_app: AppMaker, own_redis: RedisServer) -> Flask:
    return make_app(engine_url=own_redis.url, embedded_worker=False)


@pytest.fixture
def elsewhere(make_app: AppMaker, own_redis: RedisServer) -> Flask:
    """Another process: it has a name of its own at the broker."""
    return make_app(engine_url=own_redis.url, embedded_worker=False)


def test_who_listens_by_redis_is_woken_once_and_by_no_pipe(
    app: Flask, elsewhere: Flask, tmp_path: Path, start: Start
) -> None:
    process = start(tmp_path, elsewhere)
    wait_until(lambda: process.heard == EVERYTHING, 10)  # as it begins to listen
    with app.app_context():
        waking.wake([1, 2])
        waking.close_sessions([7])
    wait_until(lambda: len(process.heard) == 4, 10)
    assert process.heard[2:] == [(waking.WAKE, [1, 2]), (waking.CLOSE, [7])]


def test_another_folder_is_reached_by_redis(
    app: Flask, elsewhere: Flask, tmp_path_factory: pytest.TempPathFactory, start: Start
) -> None:
    process = start(tmp_path_factory.mktemp("other"), elsewhere)
    wait_until(lambda: process.heard == EVERYTHING, 10)
    with app.app_context():
        waking.wake([1])
    wait_until(lambda: process.heard[2:] == [(waking.WAKE, [1])], 10)


def test_while_redis_is_away_the_machine_is_told_by_its_pipes(
    app: Flask, tmp_path: Path, start: Start, own_redis: RedisServer
) -> None:
    process = start(tmp_path, None)
    own_redis.stop()
    with app.app_context():
        waking.wake([1])
        wait_until(lambda: process.heard == [(waking.WAKE, [1])], 10)
        waking.wake([2])
    wait_until(lambda: process.heard == [(waking.WAKE, [1]), (waking.WAKE, [2])], 10)


def test_who_cannot_hear_looks_at_everybody_now_and_then_and_at_once_when_it_can(
    elsewhere: Flask, tmp_path: Path, start: Start, own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "_DEAF_EVERY_SECONDS", 0.5)
    monkeypatch.setattr(hearing, "ROUND_SECONDS", 0.1)
    process = start(tmp_path, elsewhere)
    wait_until(lambda: process.heard == EVERYTHING, 10)
    own_redis.stop()
    wait_until(lambda: process.heard[2:6] == EVERYTHING * 2, 15)
    monkeypatch.setattr(hearing, "_DEAF_EVERY_SECONDS", 3600.0)
    own_redis.start()
    known = len(process.heard)
    wait_until(lambda: process.heard[known:][-2:] == EVERYTHING, 15)
