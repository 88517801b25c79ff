"""The small form of `python -m soak hostile`: without the hosts whose every trial takes as long as a sender waits."""

from pathlib import Path
from typing import Any

import pytest

from soak import hostile, hostile_judge
from soak.figures import Figures
from soak.hostile_oracle import GROUPS
from soak.hostile_scripts import SCRIPTS
from soak.options import Options
from tests.soak.conftest import Where


def test_a_hostile_push_service_harms_nobody(tmp_path: Path, where: Where, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostile, "STEP_SECONDS", 300.0)
    monkeypatch.setattr(hostile, "DEADLINE_SECONDS", 10.0)  # beside other tests an answer takes its time
    figures = Figures()
    quick = [group for group in GROUPS if not group.is_slow]
    hostile.prove(tmp_path / "hostile", Options(browsers=300, **where), figures, quick)
    assert figures.broken == []


def test_every_behaviour_is_met_by_somebody() -> None:
    assert {group.script for group in GROUPS} == SCRIPTS.keys() - {"trap"}


def asked(at: float, act: str = "201", wait: float = 0.0, path: str = "/one") -> dict[str, Any]:
    return {"at": at, "host": "push.example", "path": path, "act": act, "wait": wait}


@pytest.mark.parametrize(
    ("notes", "early"),
    [
        ([asked(0, "429", 60), asked(60)], 0),
        ([asked(0, "429", 60), asked(59)], 1),
        ([asked(0, "503", 60), asked(59), asked(59.5)], 2),
        ([asked(0, "429", 7200), asked(3600)], 0),
        ([asked(0, "429", 7200), asked(3599)], 1),
    ],
)
def test_whoever_does_not_wait_as_long_as_it_was_asked_to_is_too_early(notes: list[Any], early: int) -> None:
    assert hostile_judge._too_early(notes) == early


@pytest.mark.parametrize(("slowed", "later", "early"), [(5, 59, 1), (5, 60, 0), (4, 59, 0), (5, 0, 0)])
def test_a_host_that_slowed_five_browsers_down_is_asked_by_nobody(slowed: int, later: float, early: int) -> None:
    notes = [asked(0, "429", 60, f"/{number}") for number in range(slowed)]
    assert hostile_judge._host_too_early([*notes, asked(later, path="/another")]) == early


def test_requests_are_counted_for_each_push_and_patience_is_none() -> None:
    notes = [asked(0, "500"), asked(10, "429", 60), asked(70, "500"), asked(12 * 3600, "500")]
    assert hostile_judge._requests_for_one_push(notes) == 2
