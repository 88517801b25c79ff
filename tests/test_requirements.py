"""What the service runs on is pinned in requirements.txt: the tests' own packages must not hide that one is missing."""

import json
import re
import subprocess
import sys
from importlib import metadata

import pytest

from webpush_app.config import ROOT

# Everything the start command and the server load, gunicorn's worker included, in an interpreter of its own that has no
# other packages than those that are pinned: the tests' own, and those of several machines, must not hide that one is
# missing. What a package loads only where it is there (python-socketio does so with Redis) is not missed.
_ALONE = """
import json, sys
OTHERS = frozenset(json.loads(sys.argv[1]))
class Others:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in OTHERS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Others())
for name in OTHERS & sys.modules.keys():  # what the interpreter loads of an environment by itself
    del sys.modules[name]
"""
_LOAD = """
import webpush_app.start, webpush_app.server
from gunicorn.app import wsgiapp
from gunicorn import arbiter, http
"""
_LOAD_POSTGRESQL = """
import psycopg, sqlalchemy
sqlalchemy.create_engine("postgresql+psycopg://")
"""
_LOAD_BROKER = """
import webpush_app.broker.site, webpush_app.engine.tasks
from celery.apps import beat, worker
"""
_SAY = """
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""
FILES = ("requirements", "requirements-scale", "requirements-dev")
_ALL = (*FILES, "requirements-node")


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _pins(file: str) -> dict[str, str]:
    """Each package with its version."""
    found = re.findall(r"^([\w.-]+)==([^ ;]+)", (ROOT / f"{file}.txt").read_text(), re.MULTILINE)
    return {_plain(name): version for name, version in found}


@pytest.mark.parametrize(
    ("program", "files", "among"),
    [
        (_LOAD, FILES[:1], "gunicorn"),
        (_LOAD + _LOAD_POSTGRESQL, FILES[:2], "psycopg-binary"),
        (_LOAD + _LOAD_BROKER, FILES[:2], "celery"),
    ],
    ids=["the service", "with PostgreSQL", "with Redis"],
)
def test_everything_that_is_loaded_is_pinned(program: str, files: tuple[str, ...], among: str) -> None:
    pinned = {name for file in files for name in _pins(file)}
    packages_of = {
        module: {_plain(package) for package in packages}
        for module, packages in metadata.packages_distributions().items()
    }
    others = [module for module, packages in packages_of.items() if not packages & pinned]
    command = [sys.executable, "-c", _ALONE + program + _SAY, json.dumps(others)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = {package for module in json.loads(done.stdout) for package in packages_of.get(module, ())}
    assert among in loaded


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
