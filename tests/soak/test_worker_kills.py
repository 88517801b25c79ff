"""The small form of `python -m soak worker-kills`. A worker has as much in its hands at a small broadcast as at a large
one: here that is a large share."""

import json
from pathlib import Path

import pytest

from soak import worker_kills
from soak.figures import Figures
from soak.options import Options
from tests.soak.conftest import Where

# By chance a kill may come before anything is taken, or after all is sent. These three come at a fifth to a half of it.
IN_THE_MIDDLE = 2804


def test_a_killed_worker_loses_nothing_and_shows_nothing_twice(
    tmp_path: Path, where: Where, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker_kills, "FULL_LEASE_KILLS", 0)
    monkeypatch.setattr(worker_kills, "RESENT_SHARE", 0.5)
    monkeypatch.setattr(worker_kills, "LATER_SECONDS", 45.0)  # the tests have other things to do
    figures = Figures()
    worker_kills.prove(tmp_path / "kills", Options(runs=3, browsers=400, seed=IN_THE_MIDDLE, **where), figures)
    shown = {line["figure"]: line["value"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert figures.broken == []
    assert shown["worker_kills_held"] > 0, "the kill disturbed nobody"
