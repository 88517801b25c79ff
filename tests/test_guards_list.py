"""`docs/guards.md` names, for each guard, a test that fails without it: that test is there."""

import re
from collections import Counter

from tests.server.running import ROOT

LIST = (ROOT / "docs" / "guards.md").read_text(encoding="utf-8")
ROWS = [line for line in LIST.splitlines() if line.startswith("| ") and not line.startswith("| taken out")]
_ROW = re.compile(r"\| (?P<guard>[^|]+) \| `(?P<file>[^`]+)` (?P<words>[^|]+) \|")


def names_a_test(row: str) -> bool:
    found = _ROW.fullmatch(row)
    if found is None:
        return False
    tests = (ROOT / "tests" / found["file"]).read_text(encoding="utf-8")
    return f"def test_{found['words'].replace(' ', '_')}(" in tests


def test_what_is_said_to_have_failed_is_a_test() -> None:
    assert [row for row in ROWS if not names_a_test(row)] == []


def test_they_are_as_many_as_is_said_and_each_is_there_once() -> None:
    assert f" {len(ROWS)} guards" in LIST
    assert [row for row, times in Counter(ROWS).items() if times > 1] == []
