"""Files that only their owner may read: made once however many processes start together, and rewritten whole."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Barrier

import pytest

from webpush_app import config, private_files

PROGRAM = "import os; from webpush_app import config; print(config.load(os.environ).secret_key)"
# Dies as a machine does, at one of the moments at which a file is rewritten.
REWRITER = """
import os, signal, sys
from pathlib import Path
from webpush_app import private_files

moment, path, number = sys.argv[1], Path(sys.argv[2]), 0

def watch(event, arguments):
    global number
    if event in ("open", "os.rename", "os.remove", "os.chown") and str(path.parent) in str(arguments[0]):
        number += 1
        if number == int(moment):
            os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(watch)
with private_files.alone_with(path):
    private_files.rewrite(path, path.read_text(encoding="utf-8") + "x" * 100_000)
"""
ADDER = """
import sys
from pathlib import Path
from webpush_app import private_files

path = Path(sys.argv[1])
for number in range(10):
    with private_files.alone_with(path):
        private_files.rewrite(path, path.read_text(encoding="utf-8") + sys.argv[2])
"""
HOLD = """
with private_files.alone_with(path):
    sys.stderr.write("held\\n")
    sys.stderr.flush()
    time.sleep(60)
"""


def _python(program: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(config.ROOT)}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


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


def test_rewriting_keeps_it_to_its_owner_and_leaves_nothing_beside_it_but_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        with private_files.alone_with(path):
            private_files.rewrite(path, "new")
    finally:
        os.umask(before)
    assert path.read_text(encoding="utf-8") == "new"
    assert {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {
        "secret": 0o600,
        ".secret.lock": 0o600,
    }


def test_whoever_reads_meanwhile_reads_the_old_text(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old", encoding="utf-8")
    with path.open(encoding="utf-8") as opened, private_files.alone_with(path):
        private_files.rewrite(path, "new, and longer")
        assert opened.read() == "old"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_rewrites_goes_on_belonging_to_whom_it_belonged(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old", encoding="utf-8")
    os.chown(path, 1234, 4321)
    with private_files.alone_with(path):
        private_files.rewrite(path, "new")
    assert {(file.stat().st_uid, file.stat().st_gid) for file in tmp_path.iterdir()} == {(1234, 4321)}


def test_where_the_name_is_a_link_what_it_leads_to_is_rewritten(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    kept, path = tmp_path / "elsewhere" / "kept", tmp_path / "secret"
    kept.write_text("old", encoding="utf-8")
    path.symlink_to(kept)
    with private_files.alone_with(path):
        private_files.rewrite(path, "new")
    assert (path.is_symlink(), kept.read_text(encoding="utf-8")) == (True, "new")
    assert [file.name for file in tmp_path.glob(".*")] == []


def test_a_rewriting_that_fails_leaves_the_old_text_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "secret"
    path.write_text("old", encoding="utf-8")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"), private_files.alone_with(path):
        private_files.rewrite(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert sorted(file.name for file in tmp_path.iterdir()) == [".secret.lock", "secret"]


def test_a_kill_at_any_moment_leaves_the_old_text_or_the_new_one(tmp_path: Path) -> None:
    path, seen, new = tmp_path / "secret", list[str](), "old" + "x" * 100_000
    for moment in range(1, 30):
        path.write_text("old", encoding="utf-8")
        process = _python(REWRITER, moment, path)
        process.communicate(timeout=30)
        seen.append(path.read_text(encoding="utf-8"))
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
    assert process.returncode == 0, "and what a killed one leaves does not stop the next"
    assert set(seen) == {"old", new}
    assert seen.count("old") >= 3
    assert sorted(file.name for file in tmp_path.iterdir()) == [".secret.lock", "secret"]


def test_many_that_rewrite_it_at_once_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("", encoding="utf-8")
    started = [_python(ADDER, path, letter) for letter in "abcdef"]
    assert [process.communicate(timeout=60)[1] for process in started] == [""] * 6
    assert sorted(path.read_text(encoding="utf-8")) == sorted("abcdef" * 10)


def test_a_turn_ends_with_the_process_that_has_it(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("", encoding="utf-8")
    holder = _python("import sys, time\n" + ADDER.partition("for number")[0] + HOLD, path)
    assert holder.stderr is not None
    try:
        assert holder.stderr.readline() == "held\n"
        waiting = _python(ADDER, path, "x")
        time.sleep(0.5)
        assert waiting.poll() is None
        assert path.read_text(encoding="utf-8") == ""
    finally:
        holder.kill()
        holder.communicate()
    assert waiting.communicate(timeout=30)[1] == ""
    assert path.read_text(encoding="utf-8") == "x" * 10


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    """Root would give what it leads to away."""
    path, elsewhere = tmp_path / "key", tmp_path / "elsewhere"
    path.write_text("text", encoding="utf-8")
    elsewhere.write_text("not ours", encoding="utf-8")
    (tmp_path / ".key.lock").symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic"), private_files.alone_with(path):
        pytest.fail("it was followed")
