"""What the service runs on is pinned in requirements.txt: the tests' own packages must not hide that one is missing."""

import json
import re
import subprocess
import sys
from importlib import metadata

from webpush_app.config import ROOT

# Everything the start command and the server load, gunicorn's worker included, in an interpreter of its own.
_LOAD = """
import json, sys
import webpush_app.start, webpush_app.server
from gunicorn.app import wsgiapp
from gunicorn import arbiter, http
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


# pip's own, and colours that alembic's template engine uses where they happen to be installed.
_NOT_NEEDED = {"pip", "setuptools", "pygments"}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_everything_that_is_loaded_is_pinned() -> None:
    done = subprocess.run([sys.executable, "-c", _LOAD], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    needed = {
        _plain(package)
        for module, packages in metadata.packages_distributions().items()
        if module in loaded
        for package in packages
    }
    pinned = {
        _plain(name) for name in re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    }
    assert "gunicorn" in needed
    assert needed - pinned - _NOT_NEEDED == set()


def test_every_package_says_why_it_is_there() -> None:
    for file in ("requirements.in", "requirements-dev.in"):
        for line in (ROOT / file).read_text().splitlines():
            if line and not line.startswith(("#", "-")):
                assert re.fullmatch(r"[\w.\[\]-]+ +# \S.*", line), line


def test_every_pin_has_hashes_and_no_address() -> None:
    for file in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / file).read_text()
        assert "://" not in text
        for pin in re.findall(r"^[\w.-]+==.*$", text, re.MULTILINE):
            assert pin.endswith("\\"), pin
