"""Who changes somebody's state wakes the web processes of this machine, after the commit, once, and never waits."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from flask import Flask

from tests.engine.processes import wait_until
from tests.people import Browser, People
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db
from webpush_app.notifications import hearing, service, waking
from webpush_app.notifications.hearing import Ear

Word = tuple[str, list[int]]


class Process:
    """Another web process, as far as it listens."""

    def __init__(self, folder: Path) -> None:
        self.heard: list[Word] = []
        self.rounds = 0
        self.ear = Ear(folder, self._hear, self._count)
        self.ear.start()

    def _hear(self, word: str, ids: Sequence[int]) -> None:
        self.heard.append((word, list(ids)))

    def _count(self) -> None:
        self.rounds += 1

    def hears(self, *words: Word) -> bool:
        wait_until(lambda: len(self.heard) >= len(words), 10)
        return self.heard == list(words)


@pytest.fixture
def listening(tmp_path: Path) -> Iterator[Callable[[], Process]]:
    started: list[Process] = []

    def start() -> Process:
        started.append(Process(tmp_path))
        return started[-1]

    yield start
    for process in started:
        process.ear.stop()


@pytest.fixture
def deaf_pipe(tmp_path: Path) -> Iterator[Path]:
    """Of a process that is there, and too busy to read."""
    folder = tmp_path / waking.FOLDER
    folder.mkdir()
    pipe = folder / f"1-x{waking.PIPE}"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    yield pipe
    os.close(end)


def put(user_id: int, *names: str) -> None:
    person = db.session.get_one(User, user_id)
    for name in names:
        service.add_notification(person, name, 1)


def test_a_change_of_state_wakes_every_process_once(
    app: Flask, susan: Browser, listening: Callable[[], Process]
) -> None:
    processes = [listening(), listening()]
    with app.app_context():
        begin_write()
        put(susan.user_id, "a", "b", "a")
        time.sleep(0.1)
        assert [process.heard for process in processes] == [[], []]
        db.session.commit()
    assert all(process.hears((waking.WAKE, [susan.user_id])) for process in processes)


def test_what_is_rolled_back_wakes_nobody(app: Flask, susan: Browser, listening: Callable[[], Process]) -> None:
    process = listening()
    with app.app_context():
        begin_write()
        put(susan.user_id, "a")
        db.session.rollback()
        begin_write()
        savepoint = db.session.begin_nested()
        put(susan.user_id, "b")
        savepoint.rollback()
        db.session.commit()
        waking.wake_everybody()
    assert process.hears((waking.EVERYBODY, []))


def test_what_is_done_again_after_a_savepoint_still_wakes(
    app: Flask, susan: Browser, listening: Callable[[], Process]
) -> None:
    process = listening()
    with app.app_context():
        begin_write()
        savepoint = db.session.begin_nested()
        put(susan.user_id, "a")
        savepoint.rollback()
        put(susan.user_id, "a")
        db.session.commit()
    assert process.hears((waking.WAKE, [susan.user_id]))


def test_ended_sessions_are_told_after_the_commit(app: Flask, people: People, susan: Browser) -> None:
    process = Process(Path(app.instance_path))
    susan.submit("/logout", form_at="/edit_profile")
    wait_until(lambda: process.heard, 10)
    [(word, ids)] = process.heard
    assert (word, len(ids)) == (waking.CLOSE, 1)
    other = people.browser("susan")
    other.submit("/sessions/end-all", form_at="/user/susan")
    wait_until(lambda: len(process.heard) >= 3, 10)
    assert {word for word, _ids in process.heard[1:]} == {waking.CLOSE, waking.CHECK}
    process.ear.stop()


def test_many_are_told_in_lines_that_arrive_whole(app: Flask, listening: Callable[[], Process]) -> None:
    process = listening()
    ids = [10**12 + number for number in range(500)]
    with app.app_context():
        waking.wake(ids)
        wait_until(lambda: sum(len(found) for _word, found in process.heard) == len(ids), 10)
        assert [one for _word, found in process.heard for one in found] == ids
        assert len(process.heard) > 10
        process.heard.clear()
        waking.wake([*ids, 1])
        assert process.hears((waking.EVERYBODY, []))


def test_nobody_waits_for_a_process_that_does_not_read_and_it_is_told_to_look_at_everything(
    app: Flask, deaf_pipe: Path
) -> None:
    began = time.monotonic()
    with app.app_context():
        for _ in range(300):
            waking.wake(range(1, 400))
    assert time.monotonic() - began < 5
    assert deaf_pipe.with_suffix(waking.MISSED).exists()


def test_who_missed_something_looks_at_everything(tmp_path: Path, listening: Callable[[], Process]) -> None:
    process = listening()
    assert process.ear.pipe is not None
    missed = process.ear.pipe.with_suffix(waking.MISSED)
    missed.touch()
    assert process.hears((waking.EVERYBODY, []), (waking.CHECK, []))
    assert not missed.exists()
    rounds = process.rounds
    wait_until(lambda: process.rounds > rounds + 1, 10)
    assert len(process.heard) == 2


def test_only_who_has_been_gone_for_long_is_forgotten(app: Flask, deaf_pipe: Path) -> None:
    """A fresh pipe that nobody reads may be that of another machine with the same folder."""
    gone = deaf_pipe.with_name(f"2-y{waking.PIPE}")
    os.mkfifo(gone)
    with app.app_context():
        waking.wake([1])
        assert gone.exists()
        long_ago = time.time() - waking.LEFT_BEHIND_AFTER_SECONDS - 1
        for pipe in (gone, deaf_pipe):
            os.utime(pipe, (long_ago, long_ago))
        waking.wake([1])
        assert not gone.exists()
        assert deaf_pipe.exists()


def test_only_the_owner_can_wake(tmp_path: Path, listening: Callable[[], Process]) -> None:
    pipe = listening().ear.pipe
    assert pipe is not None
    assert (pipe.stat().st_mode & 0o777, pipe.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_words_that_nobody_says_are_no_harm(app: Flask, listening: Callable[[], Process]) -> None:
    process = listening()
    assert process.ear.pipe is not None
    with process.ear.pipe.open("wb", buffering=0) as pipe:
        pipe.write(b"wake x\nwake -1\nwake \xff\xfe\n\nwake 1 2\n")
    wait_until(lambda: (waking.WAKE, [1, 2]) in process.heard, 10)
    assert [word for word, ids in process.heard if ids] == [waking.WAKE]


def test_without_any_web_process_nothing_happens(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        waking.wake([1])
        waking.close_sessions([1])
    assert not (tmp_path / waking.FOLDER).exists()


def test_where_no_pipe_can_be_made_everybody_is_looked_at_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "_DEAF_EVERY_SECONDS", 0.5)
    (tmp_path / waking.FOLDER).write_text("in the way", encoding="utf-8")
    process = Process(tmp_path)
    assert process.ear.pipe is None
    wait_until(lambda: process.heard.count((waking.EVERYBODY, [])) >= 2, 10)
    process.ear.stop()
