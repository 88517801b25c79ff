"""Several processes that start together prepare the database one after the other, on one machine and on several."""

import fcntl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.chosen import DATABASES, POSTGRESQL, SQLITE
from tests.databases import Database, settings_in
from tests.server.running import environment
from webpush_app import start
from webpush_app.config import ROOT

PREPARE = "from webpush_app import config, start; start.prepare(config.load())"
PROCESSES = 8
MACHINES = 3


@pytest.fixture
def new(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Without a table."""
    if request.param == POSTGRESQL:
        return Database(POSTGRESQL, request.getfixturevalue("new_postgresql")())
    return Database(request.param, f"sqlite:///{tmp_path / 'new.sqlite3'}")


both = pytest.mark.parametrize("new", DATABASES, indirect=True)


def prepare(folder: Path, database: Database) -> None:
    start.prepare(settings_in(folder, database_url=database.url))


def prepare_in_processes(folders: list[Path], database: Database) -> None:
    preparing = [
        subprocess.Popen(
            [sys.executable, "-c", PREPARE],
            cwd=ROOT,
            env=environment(folder, 5000, DATABASE_URL=database.url),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for folder in folders
    ]
    said = [process.communicate(timeout=60)[0] for process in preparing]
    assert said == [""] * len(folders)
    assert [process.returncode for process in preparing] == [0] * len(folders)


@both
def test_who_prepares_waits_for_who_does_it_already(tmp_path: Path, new: Database) -> None:
    second = threading.Thread(target=prepare, args=(tmp_path, new))
    with (tmp_path / ".start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second.start()
        second.join(timeout=0.3)
        assert second.is_alive()
        if new.kind == POSTGRESQL:
            assert new.rows("SELECT relname FROM pg_stat_user_tables") == []
        else:
            assert not (tmp_path / "new.sqlite3").exists()
    second.join(timeout=30)
    assert len(new.rows("SELECT version_num FROM alembic_version")) == 1


@pytest.mark.sqlite_only("where PostgreSQL is, each machine has a folder of its own")
@pytest.mark.parametrize("new", [SQLITE], indirect=True)
def test_eight_that_start_together_prepare_one_database(tmp_path: Path, new: Database) -> None:
    prepare_in_processes([tmp_path / "folder"] * PROCESSES, new)
    assert len(new.rows("SELECT version_num FROM alembic_version")) == 1


@pytest.mark.postgresql_only("SQLite is on one machine")
@pytest.mark.parametrize("new", [POSTGRESQL], indirect=True)
def test_so_do_those_on_several_machines(tmp_path: Path, new: Database) -> None:
    """They share no folder; the database itself lets one migrate at a time."""
    prepare_in_processes([tmp_path / f"machine{number}" for number in range(MACHINES)], new)
    assert len(new.rows("SELECT version_num FROM alembic_version")) == 1


@pytest.mark.postgresql_only("SQLite is on one machine")
@pytest.mark.parametrize("new", [POSTGRESQL], indirect=True)
def test_who_migrates_on_one_machine_is_waited_for_on_another(tmp_path: Path, new: Database) -> None:
    second = threading.Thread(target=prepare, args=(tmp_path, new))
    with new.elsewhere() as first:
        first.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('webpush migrations'))")
        second.start()
        second.join(timeout=0.5)
        assert second.is_alive()
        assert new.rows("SELECT relname FROM pg_stat_user_tables") == []
    second.join(timeout=30)
    assert len(new.rows("SELECT version_num FROM alembic_version")) == 1
