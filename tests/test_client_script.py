"""scripts/client.sh gets the one file that pages need from npm; where it cannot, it says so and the start goes on."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from webpush_app.config import ROOT

# Stand in for npm: what it would unpack, and what it says where there is no network.
_UNPACKS = """
[ "$1" = --version ] && { echo 10.8.2; exit; }
case "$*" in *--ignore-scripts*) ;; *) exit 1 ;; esac
while [ "$1" != --prefix ]; do shift; done
cmp -s package-lock.json "$2/package-lock.json" || exit 1
for name in socket.io-client socket.io-parser engine.io-client engine.io-parser @socket.io/component-emitter; do
    mkdir -p "$2/node_modules/$name/dist" && echo "licence of $name" >"$2/node_modules/$name/LICENSE"
done
echo "export const io = '$CONTENT';" >"$2/node_modules/socket.io-client/dist/socket.io.esm.min.js"
"""
_HAS_NO_NETWORK = """
[ "$1" = --version ] && { echo 10.8.2; exit; }
echo "npm error code ENOTFOUND" >&2
exit 1
"""
_IS_OLD = """
[ "$1" = --version ] && { echo 6.14.18; exit; }
echo "asked an old npm" >&2
exit 1
"""
_SAYS = "Installing the client of live updates (only when its version changes) ...\n"
_POLLS = "pages ask for news every few seconds instead. The next start tries again.\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """In a folder of another name, with a setup that has no network."""
    copy = tmp_path / "a checkout"
    (copy / "scripts").mkdir(parents=True)
    pins = [path.name for path in ROOT.glob("requirements*.txt")]
    for name in ("Makefile", "package.json", "package-lock.json", "scripts/client.sh", *pins):
        shutil.copy(ROOT / name, copy / name)
    (copy / "scripts" / "setup.sh").write_text("echo 'Check the network: could not install' >&2; exit 1\n")
    (copy / "tmp").mkdir()
    return copy


def _environment(checkout: Path, npm: str, content: str) -> Mapping[str, str]:
    commands = checkout / "bin"
    commands.mkdir(exist_ok=True)
    (commands / "npm").write_text(f"#!/bin/sh\n{npm}")
    (commands / "npm").chmod(0o755)
    return {"PATH": f"{commands}:{os.environ['PATH']}", "TMPDIR": str(checkout / "tmp"), "CONTENT": content}


def _would_run(checkout: Path, target: str) -> list[str]:
    done = subprocess.run(["make", "-n", target], cwd=checkout, capture_output=True, text=True, timeout=60, check=True)
    return re.findall(r"scripts/\w+\.sh", done.stdout)


def _make(checkout: Path, npm: str, content: str = "1") -> str:
    """What `make` says on stderr when it needs the client."""
    done = subprocess.run(
        ["make", "--no-print-directory", "static/vendor/socket.io.js"],
        cwd=checkout,
        env=_environment(checkout, npm, content),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert list((checkout / "tmp").iterdir()) == []
    return done.stderr


def _files(checkout: Path) -> list[str]:
    return sorted(path.name for path in (checkout / "static" / "vendor").glob("*"))


def test_the_file_and_its_licences_are_placed_and_nothing_else(checkout: Path) -> None:
    assert _make(checkout, _UNPACKS) == _SAYS
    assert _files(checkout) == ["socket.io.LICENSE.txt", "socket.io.js"]
    vendor = checkout / "static" / "vendor"
    assert (vendor / "socket.io.js").read_text() == "export const io = '1';\n"
    licences = (vendor / "socket.io.LICENSE.txt").read_text()
    assert len(re.findall(r"^licence of .*$", licences, re.MULTILINE)) == 5


def test_it_is_asked_for_again_only_when_the_lock_changes(checkout: Path) -> None:
    _make(checkout, _UNPACKS)
    assert _make(checkout, _UNPACKS, "2") == ""
    file = checkout / "static" / "vendor" / "socket.io.js"
    os.utime(file, (1, 1))
    assert _make(checkout, _UNPACKS, "2") == _SAYS
    assert file.read_text() == "export const io = '2';\n"


def test_without_a_network_it_says_so_in_one_line_and_the_next_start_tries_again(checkout: Path) -> None:
    said = _make(checkout, _HAS_NO_NETWORK)
    assert said == f"{_SAYS}It could not be installed (npm error code ENOTFOUND); {_POLLS}"
    assert _files(checkout) == []
    assert _make(checkout, _UNPACKS) == _SAYS
    assert "socket.io.js" in _files(checkout)


def test_what_is_there_stays_where_a_newer_one_cannot_be_got(checkout: Path) -> None:
    _make(checkout, _UNPACKS)
    file = checkout / "static" / "vendor" / "socket.io.js"
    os.utime(file, (1, 1))
    said = _make(checkout, _HAS_NO_NETWORK)
    assert said.endswith("; the one that is here stays in use. The next start tries again.\n")
    assert file.read_text() == "export const io = '1';\n"


def test_an_npm_that_cannot_read_the_lock_is_not_asked(checkout: Path) -> None:
    said = _make(checkout, _IS_OLD)
    assert said == f"{_SAYS}It could not be installed (Check the network: could not install); {_POLLS}"


@pytest.mark.parametrize("stamp", [".run", ".scale", ".dev"])
def test_every_start_looks_for_it_and_none_installs_the_rest_again_because_of_it(checkout: Path, stamp: str) -> None:
    assert _would_run(checkout, f".venv/{stamp}") == ["scripts/client.sh", "scripts/setup.sh"]
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / stamp).touch()
    assert _would_run(checkout, f".venv/{stamp}") == ["scripts/client.sh"]
    _make(checkout, _UNPACKS)
    assert _would_run(checkout, f".venv/{stamp}") == []


def test_two_at_once_do_no_harm(checkout: Path) -> None:
    environment = _environment(checkout, _UNPACKS, "1")
    started = [
        subprocess.Popen(["sh", "scripts/client.sh"], cwd=checkout, env=environment, stderr=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    assert [process.communicate(timeout=60)[1] for process in started] == [_SAYS] * 6
    assert [process.returncode for process in started] == [0] * 6
    assert _files(checkout) == ["socket.io.LICENSE.txt", "socket.io.js"]


@pytest.mark.parametrize("folder", ["", "bench/javascript"], ids=["of the pages", "of the bench"])
def test_a_lock_has_a_hash_of_every_package_and_no_address(folder: str) -> None:
    text = (ROOT / folder / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text
    packages = json.loads(text)["packages"]
    assert all(package["integrity"].startswith("sha512-") for name, package in packages.items() if name)
    wanted = json.loads((ROOT / folder / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert packages[""]["dependencies"] == wanted
