"""The small form of `python -m soak outage`: half a minute of told time, and how its busiest second is found."""

import json
from pathlib import Path

import pytest

from soak import outage
from soak.figures import Figures
from soak.options import Options
from soak.outage import Course
from tests.soak.conftest import Where

OUTAGE_SECONDS = 20


@pytest.mark.parametrize("workers", [1, 2])
def test_after_an_outage_no_second_brings_more_than_twice_the_usual(
    tmp_path: Path, where: Where, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], workers: int
) -> None:
    monkeypatch.setattr(outage, "WORKERS", (workers,))
    monkeypatch.setattr(outage, "USUAL_SECONDS", 15.0)
    monkeypatch.setattr(outage, "AFTERWARDS_SECONDS", 2.0)
    figures = Figures()
    outage.prove(tmp_path / "outage", Options(seconds=OUTAGE_SECONDS, **where), figures)
    shown = {line["figure"]: line["value"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert figures.broken == []
    name = "outage" if workers == 1 else f"outage_{workers}_workers"
    # At twice the usual what had waited takes as long again as it had to wait.
    assert shown[f"{name}_drained_seconds"] >= OUTAGE_SECONDS, "nothing had piled up"


def test_the_busiest_second_may_begin_anywhere() -> None:
    course = Course()
    for number, came in enumerate((1, 1, 1, 4, 4, 4, 4, 4, 1, 1)):
        course.note(number * outage.STEP_SECONDS, came)
    assert course.busiest_second(0) == 20
    assert course.busiest_second(0, 0.5) == 3
    assert course.busiest_second(1.1) == 10
    assert course.total(0.5, 1.1) == 12
