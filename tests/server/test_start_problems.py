"""What keeps the service from starting is said in one line, and that line says what to do."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import settings_in
from tests.databases import database_in
from tests.server.running import ROOT, environment, free_port
from webpush_app import start
from webpush_app.database import db


def complaint(instance: Path, **settings: str) -> str:
    """The one line on stderr; nothing else is said, and the exit code is that of a failure."""
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=environment(instance, free_port()) | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.endswith("\n")
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_is_taken(tmp_path: Path, taken_port: int) -> None:
    said = complaint(tmp_path, PORT=str(taken_port))
    assert said.startswith(f"Port {taken_port} is taken by another program.")
    assert said.endswith("make run")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"PORT": "abc"}, "PORT in the environment is 'abc', and must be a whole number from 1 to 65535."),
        ({"SECRET_KEY": "short"}, "SECRET_KEY in the environment must have at least 32 characters."),
        ({"DATABASE_URL": "mysql://x:secret@y/z"}, "DATABASE_URL in the environment must begin with sqlite:///"),
        ({"HOST": "no such host"}, "HOST is 'no such host', which is no address of this machine."),
        ({"DATABASE_URL": "sqlite:////nowhere/at/all.sqlite3"}, "The database cannot be used: "),
    ],
    ids=["port", "secret key", "database address", "host", "database folder"],
)
def test_a_setting_that_is_wrong(tmp_path: Path, settings: dict[str, str], expected: str) -> None:
    said = complaint(tmp_path, **settings)
    assert said.startswith(expected)
    assert "secret@" not in said


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SITE_NAME = 'x'\nPORT = = 5\n", ", line 2: invalid syntax. Correct the line and start again."),
        ("PORT = int('abc')\n", "cannot be read: ValueError: "),
        ("PORT = 70000\n", "is '70000', and must be a whole number from 1 to 65535."),
    ],
    ids=["syntax", "raises", "value"],
)
def test_a_settings_file_that_is_wrong(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "application.cfg.py"
    file.write_text(text, encoding="utf-8")
    without_port = {"PORT": ""} if "70000" in text else {}
    said = complaint(tmp_path, **without_port)
    assert str(file) in said
    assert expected in said


def test_an_instance_folder_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "instance"
    file.write_text("not a folder", encoding="utf-8")
    said = complaint(file)
    assert str(file) in said
    assert said.endswith("set INSTANCE_PATH to a folder of yours.")


@pytest.mark.sqlite_only("a file in the place of a database")
def test_a_database_that_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "webpush.sqlite3"
    file.write_bytes(b"This has never been a database. " * 1000)
    assert complaint(tmp_path).startswith("The database cannot be used: ")
    assert file.read_bytes().startswith(b"This has never been a database."), "it is not ours to overwrite"


def test_a_database_of_a_newer_version(tmp_path: Path) -> None:
    app = start.prepare(settings_in(tmp_path))
    with app.app_context():
        db.engine.dispose()
    database_in(tmp_path).write("UPDATE alembic_version SET version_num = 'zzzz'")
    said = complaint(tmp_path)
    assert said.startswith("The database cannot be used: ")
    assert "zzzz" in said
