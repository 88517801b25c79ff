"""Where Python is too old or missing, the setup says so in one line."""

import ast
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.server.running import ROOT

OLD_PYTHON = """#!/bin/sh
[ "$1" = -V ] && { echo "Python 3.9.2"; exit 0; }
exit 1
"""
TOOLS = ("sh", "rm", "grep", "tail", "head", "cat")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """The only folder that programs are looked for in."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return folder


def set_up(programs: Path) -> str:
    """The one line that is said by the failing setup."""
    done = subprocess.run(
        [str(programs / "sh"), str(ROOT / "scripts" / "setup.sh"), "requirements.txt"],
        cwd=programs.parent,
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_an_old_python_is_named(programs: Path) -> None:
    python = programs / "python3"
    python.write_text(OLD_PYTHON, encoding="utf-8")
    python.chmod(0o755)
    said = set_up(programs)
    assert said == "Python 3.11 or newer is needed; this is Python 3.9.2. Install a newer one and start again."
    assert not (programs.parent / ".venv").exists()


def test_a_missing_python_is_named(programs: Path) -> None:
    assert set_up(programs) == "Python is missing. Install python3, version 3.11 or newer, and start again."


def test_an_old_python_can_still_read_the_entry_point() -> None:
    """It has to get as far as the line that says which version is needed."""
    text = (ROOT / "app.py").read_text(encoding="utf-8")
    ast.parse(text, feature_version=(3, 7))
    assert text.index("sys.version_info < (3, 11)") < text.index("from webpush_app")
