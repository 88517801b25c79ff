"""Files that only their owner may read, made once however many processes start together."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Barrier

import pytest

from webpush_app import config, private_files

PROGRAM = "import os; from webpush_app import config; print(config.load(os.environ).secret_key)"


def test_a_missing_file_is_made_and_then_kept(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    assert private_files.read_or_create(path, lambda: "first") == "first"
    assert private_files.read_or_create(path, lambda: "second") == "first"
    assert path.read_text(encoding="utf-8") == "first"


def test_nothing_is_made_where_there_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("there already", encoding="utf-8")
    assert private_files.read_or_create(path, lambda: pytest.fail("not needed")) == "there already"


def test_nobody_else_may_read_it_whatever_the_mask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        private_files.read_or_create(tmp_path / "secret", lambda: "x")
    finally:
        os.umask(before)
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert not private_files.is_readable_by_others(tmp_path / "secret")


@pytest.mark.parametrize(
    ("mode", "by_others"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (0o622, True)]
)
def test_who_else_may_use_it_is_seen(tmp_path: Path, mode: int, by_others: bool) -> None:
    path = tmp_path / "secret"
    path.write_text("x", encoding="utf-8")
    path.chmod(mode)
    assert private_files.is_readable_by_others(path) == by_others


def test_of_many_makers_one_wins_and_all_read_its_text(tmp_path: Path) -> None:
    numbers, barrier = count(), Barrier(8)

    def make(_number: int) -> str:
        barrier.wait()
        return private_files.read_or_create(tmp_path / "secret", lambda: f"maker {next(numbers)}")

    with ThreadPoolExecutor(8) as pool:
        read = set(pool.map(make, range(8)))
    assert len(read) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


def test_a_maker_that_fails_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        private_files.read_or_create(tmp_path / "secret", lambda: "x")
    assert list(tmp_path.iterdir()) == []


def test_eight_processes_that_start_together_have_one_secret_key(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "INSTANCE_PATH": str(tmp_path), "PYTHONPATH": str(config.ROOT)}
    command = [sys.executable, "-c", PROGRAM]
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _number in range(8)
    ]
    answers = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0] * 8
    assert {errors for _key, errors in answers} == {""}
    assert len({key for key, _errors in answers}) == 1
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]
