"""What the service runs on is pinned in requirements.txt: the tests' own packages must not hide that one is missing."""

import json
import re
import subprocess
import sys
from importlib import metadata

import pytest

from webpush_app.config import ROOT

# Everything the start command and the server load, gunicorn's worker included, in an interpreter of its own.
_LOAD = """
import json, sys
import webpush_app.start, webpush_app.server
from gunicorn.app import wsgiapp
from gunicorn import arbiter, http
"""
_LOAD_POSTGRESQL = """
import psycopg, sqlalchemy
sqlalchemy.create_engine("postgresql+psycopg://")
"""
_SAY = """
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
FILES = ("requirements", "requirements-scale", "requirements-dev")
_ALL = (*FILES, "requirements-node")


# pip's own, and colours that alembic's template engine uses where they happen to be installed.
_NOT_NEEDED = {"pip", "setuptools", "pygments"}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins(file: str) -> dict[str, str]:
    """Each package with its version."""
    found = re.findall(r"^([\w.-]+)==([^ ;]+)", (ROOT / f"{file}.txt").read_text(), re.MULTILINE)
    return {_plain(name): version for name, version in found}


@pytest.mark.parametrize(
    ("program", "files", "among"),
    [(_LOAD, FILES[:1], "gunicorn"), (_LOAD + _LOAD_POSTGRESQL, FILES[:2], "psycopg-binary")],
    ids=["the service", "with PostgreSQL"],
)
def test_everything_that_is_loaded_is_pinned(program: str, files: tuple[str, ...], among: str) -> None:
    done = subprocess.run([sys.executable, "-c", program + _SAY], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    needed = {
        _plain(package)
        for module, packages in metadata.packages_distributions().items()
        if module in loaded
        for package in packages
    }
    pinned = {name for file in files for name in _pins(file)}
    assert among in needed
    assert needed - pinned - _NOT_NEEDED == set()


def test_what_is_pinned_twice_is_pinned_alike() -> None:
    """They are installed together, and pip refuses two versions of one package."""
    together: dict[str, set[str]] = {}
    for file in FILES:
        for name, version in _pins(file).items():
            together.setdefault(name, set()).add(version)
    assert {name: versions for name, versions in together.items() if len(versions) > 1} == {}


def test_every_package_says_why_it_is_there() -> None:
    for file in _ALL:
        for line in (ROOT / f"{file}.in").read_text().splitlines():
            if line and not line.startswith(("#", "-")):
                assert re.fullmatch(r"[\w.\[\]-]+ +# \S.*", line), line


def test_every_pin_has_hashes_and_no_address() -> None:
    for file in _ALL:
        text = (ROOT / f"{file}.txt").read_text()
        assert "://" not in text
        for pin in re.findall(r"^[\w.-]+==.*$", text, re.MULTILINE):
            assert pin.endswith("\\"), pin
