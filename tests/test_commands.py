"""The `flask` commands that belong to no package: `flask shell` and `flask translate …`."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from webpush_app import translate
from webpush_app.config import ROOT


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The code as it is, beside a copy of the translations that may be written to."""
    root = tmp_path / "tree"
    root.mkdir()
    for folder in ("webpush_app", "templates"):
        (root / folder).symlink_to(ROOT / folder)
    shutil.copytree(ROOT / "translations", root / "translations", ignore=shutil.ignore_patterns("*.mo"))
    monkeypatch.setattr(translate, "ROOT", root)
    monkeypatch.setattr(translate, "TRANSLATIONS", root / "translations")
    return root


def _run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["translate", *arguments])


def _file(tree: Path, language: str, ending: str = "po") -> Path:
    return tree / "translations" / language / "LC_MESSAGES" / f"messages.{ending}"


def test_the_shell_has_the_models(app: Flask) -> None:
    with app.app_context():
        assert {"db", "User", "Message", "Notification", "PushSubscription"} <= app.make_shell_context().keys()


def test_updating_what_is_up_to_date_changes_nothing(app: Flask, tree: Path) -> None:
    before = _file(tree, "es").read_bytes()
    assert f"es: {len(translate.collect())} texts, 0 to translate" in _run(app, "update").output
    assert _file(tree, "es").read_bytes() == before


def test_updating_adds_what_is_missing_drops_what_is_stale_and_keeps_the_rest(app: Flask, tree: Path) -> None:
    file = _file(tree, "es")
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('msgid "Received"', 'msgid "Said long ago"'), encoding="utf-8")
    assert "1 to translate" in _run(app, "update").output
    updated = file.read_text(encoding="utf-8")
    assert "Said long ago" not in updated
    assert 'msgid "Received"\nmsgstr ""' in updated
    assert 'msgid "Sent"\nmsgstr "Enviados"' in updated


def test_compiling_makes_what_the_service_reads(app: Flask, tree: Path) -> None:
    result = _run(app, "compile")
    assert result.exit_code == 0
    for language in ("es", "ko", "zh"):
        assert _file(tree, language, "mo").read_bytes()[:4] == b"\xde\x12\x04\x95"


def test_several_that_compile_at_once_do_not_disturb_each_other(tree: Path) -> None:
    with ThreadPoolExecutor(8) as starters:
        written = list(starters.map(lambda _number: len(list(translate.compile_stale(force=True))), range(24)))
    assert written == [3] * 24
    assert sorted(path.suffix for path in _file(tree, "ko", "mo").parent.iterdir()) == [".mo", ".po"]


def test_only_what_is_stale_is_compiled_at_a_start(tree: Path) -> None:
    assert len(list(translate.compile_stale())) == 3
    assert list(translate.compile_stale()) == []
    _file(tree, "ko", "mo").unlink()
    assert [path.parent.parent.name for path in translate.compile_stale()] == ["ko"]


def test_a_language_is_begun_once(app: Flask, tree: Path) -> None:
    assert "add 'fr' to LANGUAGES" in _run(app, "init", "fr").output
    assert '"Language: fr\\n"' in _file(tree, "fr").read_text(encoding="utf-8")
    again = _run(app, "init", "fr")
    assert again.exit_code == 1
    assert "exists already" in again.output


@pytest.mark.parametrize("language", ["xx", "english", "../x", "1"])
def test_what_is_no_language_is_refused(app: Flask, tree: Path, language: str) -> None:
    result = _run(app, "init", language)
    assert result.exit_code == 1
    assert "is not the code of a language" in result.output
