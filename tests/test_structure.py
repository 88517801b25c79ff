"""The house keeps its shape: layers, sizes, and no import where circles hide."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from webpush_app.config import ROOT

LIGHT = ("clock", "config", "errors", "handover", "logs", "private_files", "setting_values", "text")
PROTOCOL = tuple(f"protocol.{path.stem}" for path in sorted((ROOT / "webpush_app" / "protocol").glob("[!_]*.py")))
# Where a file must run before the application may be imported, it imports inside a function and gives the reason.
MAY_IMPORT_LATER = {"app.py", "gunicorn.conf.py"}


def run(*command: str) -> str:
    """What a command says; it must end well."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def loaded(module: str, *watched: str) -> set[str]:
    """Which of the watched modules are there once this one has been imported, in an interpreter of its own."""
    said = run("-c", f"import sys, webpush_app.{module}; print(*{set(watched)} & set(sys.modules))")
    return set(said.split())


@pytest.mark.parametrize("name", LIGHT)
def test_the_lowest_layer_loads_neither_flask_nor_the_database(name: str) -> None:
    assert loaded(name, "flask", "sqlalchemy", "werkzeug", "gevent") == set()


def test_the_protocol_loads_neither_flask_nor_the_database_nor_a_setting() -> None:
    assert len(PROTOCOL) >= 12
    heavy = ("flask", "sqlalchemy", "werkzeug", "gevent", "webpush_app.config")
    # All in one: whatever one of them loads is loaded then.
    assert loaded(", webpush_app.".join(PROTOCOL), *heavy) == set()


@pytest.mark.parametrize("name", ["config", "protocol.vapid_keys"])
def test_what_is_read_before_gevent_patches_loads_nothing_that_it_has_to_patch(name: str) -> None:
    assert loaded(name, "ssl", "urllib3", "requests", "pywebpush") == set()


def test_imports_point_down() -> None:
    said = run("-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache")
    assert "0 broken" in said


def test_files_and_functions_are_small() -> None:
    assert run("scripts/sizes.py") == "Sizes: all files and functions are small enough.\n"


def imports_inside_functions(path: Path) -> Iterator[str]:
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}"


def test_nothing_is_imported_inside_a_function() -> None:
    files = [*(ROOT / "webpush_app").rglob("*.py"), *(ROOT / name for name in MAY_IMPORT_LATER)]
    found = {where for path in files for where in imports_inside_functions(path)}
    assert {where for where in found if where.split(":")[0] not in MAY_IMPORT_LATER} == set()


def test_every_package_says_what_lives_in_it() -> None:
    for path in [*(ROOT / "webpush_app").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert not text.strip() or ast.get_docstring(ast.parse(text)), path.relative_to(ROOT)
