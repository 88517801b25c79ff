"""The small form of `python -m soak worker-kills`. A worker has as much in its hands at a small broadcast as at a large
one: here that is a large share."""

import json
from pathlib import Path

import pytest

from soak import worker_kills
from soak.figures import Figures
from soak.options import Options


def test_a_killed_worker_loses_nothing_and_shows_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker_kills, "FULL_LEASE_KILLS", 0)
    monkeypatch.setattr(worker_kills, "RESENT_SHARE", 0.5)
    monkeypatch.setattr(worker_kills, "LATER_SECONDS", 20.0)  # the tests have other things to do
    figures = Figures()
    worker_kills.prove(tmp_path / "kills", Options(runs=1, browsers=400), figures)
    shown = {line["figure"]: line["value"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert figures.broken == []
    assert shown["worker_kills_held"] > 0, "the kill disturbed nobody"
