"""The README says what is true: every setting with its default, every command, every link."""

import re
from dataclasses import fields

import pytest

from webpush_app.config import NAMES, ROOT, Settings

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]


def test_the_settings_table_is_complete_and_has_the_right_defaults() -> None:
    table = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", README, flags=re.MULTILINE))
    assert set(table) == set(NAMES)
    for field in fields(Settings):
        if isinstance(field.default, str | int | float):
            assert _as_written(field.default) in table[field.name.upper()]


def _as_written(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_the_example_of_the_settings_file_names_only_settings() -> None:
    example = (ROOT / "instance" / "application.cfg.example.py").read_text(encoding="utf-8")
    names = re.findall(r"^# ([A-Z_]+) =", example, flags=re.MULTILINE)
    assert set(names) == set(NAMES) - {"INSTANCE_PATH"}


def test_make_help_lists_the_commands_of_the_readme() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("help", "run", "test", "check", "bench"):
        assert re.search(rf"^{target}:.* ## ", makefile, flags=re.MULTILINE), target
    for target in re.findall(r"`make (\w+)`", README):
        assert f"\n{target}:" in makefile


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: object) -> None:
    path = ROOT / str(document)
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target
