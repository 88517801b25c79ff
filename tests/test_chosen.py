"""`make test DATABASE=…` runs everything on that one database, and says at once what it does not know."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests import chosen
from tests.chosen import POSTGRESQL, SQLITE
from tests.databases import database_in
from tests.server.running import ROOT, environment

# Tests that run on both, one that is about SQLite, and one that is about PostgreSQL.
FILE = "tests/messaging/test_counting.py"


def collect(database: str | None) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE", "PYTEST"))}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:randomly", FILE]
    given = {} if database is None else {"DATABASE": database}
    return subprocess.run(
        command, cwd=ROOT, env={**kept, **given}, capture_output=True, text=True, timeout=60, check=False
    )


def collected(database: str | None) -> Counter[str]:
    """How many tests there are with each database's name behind them."""
    done = collect(database)
    assert done.returncode == 0, done.stdout + done.stderr
    return Counter(re.findall(r"\[(sqlite|postgresql)\b", done.stdout))


def test_without_a_choice_the_tests_of_the_packages_run_on_both() -> None:
    numbers = collected(None)
    assert numbers[SQLITE] == numbers[POSTGRESQL] - 1 > 0, "the one about SQLite is named after none"


@pytest.mark.parametrize("kind", chosen.BOTH)
def test_all_of_them_run_on_the_one_that_is_chosen_and_what_is_about_the_other_is_left_out(kind: str) -> None:
    both, one = collected(None), collect(kind)
    other = {SQLITE: POSTGRESQL, POSTGRESQL: SQLITE}[kind]
    assert f"[{kind}" in one.stdout
    assert f"[{other}" not in one.stdout
    assert "1 deselected" in one.stdout
    assert Counter(re.findall(r"\[(sqlite|postgresql)\b", one.stdout))[kind] >= both[SQLITE]


def test_a_database_that_is_none_is_said_at_once() -> None:
    done = collect("mysql")
    assert done.returncode == 4
    assert "DATABASE is 'mysql', and must be sqlite or postgresql: make test DATABASE=postgresql" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_that_is_started_has_the_chosen_database(tmp_path: Path) -> None:
    database, given = database_in(tmp_path), environment(tmp_path, 5000)
    assert database.kind == (chosen.CHOSEN or SQLITE)
    assert given.get("DATABASE_URL", f"sqlite:///{tmp_path / 'webpush.sqlite3'}") == database.url
