"""Where Celery looks for its tasks: without the settings that they need it is told so in one line."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import AppMaker
from tests.server.running import ROOT, environment
from webpush_app.errors import StartError

pytestmark = pytest.mark.sqlite_only("nothing here asks the database")


def complaint(tmp_path: Path, **settings: str) -> str:
    ended = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "webpush_app.engine.celery_app", "worker"],
        cwd=ROOT,
        env=environment(tmp_path, 5000, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    return ended.stderr.strip()


def test_without_a_broker_it_says_what_to_set(tmp_path: Path) -> None:
    said = complaint(tmp_path)
    assert said == (
        "ENGINE_URL is not set: the worker beside the server does the work. Set it to the address of a Redis."
    )


def test_a_wrong_setting_is_one_line_and_shows_no_password(tmp_path: Path) -> None:
    said = complaint(tmp_path, ENGINE_URL="redis://:s3cret@/0")
    assert len(said.splitlines()) == 1
    assert said.startswith("ENGINE_URL in the environment must name a host")
    assert "s3cret" not in said


def test_where_the_packages_are_missing_the_start_says_what_to_run(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_name: str) -> None:
        raise ModuleNotFoundError(name="redis")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(StartError, match=r"redis is not installed\. Run: make scale"):
        make_app(engine_url="redis://127.0.0.1:1/0")
