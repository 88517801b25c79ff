"""`make test DATABASE=…` runs everything on that one database, and says at once what it does not know."""

import os
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests import chosen
from tests.chosen import POSTGRESQL, SQLITE
from tests.databases import database_in, settings_in
from tests.server.running import ROOT, running

# Tests that run on both, one that is about SQLite, and one that is about PostgreSQL.
FILE = "tests/messaging/test_counting.py"
# Of no package: on SQLite alone, unless the other one is chosen.
OF_NO_PACKAGE = "tests/test_commands.py"


def run(database: str | None, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """pytest, as `make test` starts it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DATABASE", "PYTEST"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *arguments]
    given = {} if database is None else {"DATABASE": database}
    return subprocess.run(
        command, cwd=ROOT, env={**kept, **given}, capture_output=True, text=True, timeout=120, check=False
    )


@cache
def collect(database: str | None) -> "subprocess.CompletedProcess[str]":
    return run(database, "--collect-only", FILE, OF_NO_PACKAGE)


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
    assert f"{OF_NO_PACKAGE}::test_the_shell_has_the_models[{kind}]" in one.stdout
    assert "1 deselected" in one.stdout
    assert Counter(re.findall(r"\[(sqlite|postgresql)\b", one.stdout))[kind] >= both[SQLITE]


def test_a_database_that_is_none_is_said_at_once() -> None:
    done = collect("mysql")
    assert done.returncode == 4
    assert "DATABASE is 'mysql', and must be sqlite or postgresql: make test DATABASE=postgresql" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_service_that_is_started_has_the_chosen_database(tmp_path: Path) -> None:
    assert settings_in(tmp_path).database_url == database_in(tmp_path).url
    assert database_in(tmp_path).kind == (chosen.CHOSEN or SQLITE)
    with running(tmp_path, EMBEDDED_WORKER="false") as server:
        assert server.first_admin_path()
    [(kept,)] = database_in(tmp_path).rows("SELECT count(*) FROM site_facts WHERE name = 'first_admin_link'")
    assert kept == 1
    assert (tmp_path / "webpush.sqlite3").exists() == (database_in(tmp_path).kind == SQLITE)


def test_so_it_has_where_the_whole_suite_runs_on_postgresql() -> None:
    done = run(POSTGRESQL, __file__, "-k", "a_service_that_is_started")
    assert "1 passed" in done.stdout, done.stdout


def test_and_what_uses_sqlite_there_by_mistake_fails(tmp_path: Path) -> None:
    mistake = "def test_mistake(tmp_path): (tmp_path / 'webpush.sqlite3').touch()"
    (tmp_path / "test_mistake.py").write_text(mistake, encoding="utf-8")
    done = run(POSTGRESQL, "-c", str(ROOT / "pyproject.toml"), "-p", "tests.both_databases", str(tmp_path))
    assert "1 passed, 1 error" in done.stdout, done.stdout
    assert "AssertionError: PostgreSQL is chosen, and something used SQLite" in done.stdout
