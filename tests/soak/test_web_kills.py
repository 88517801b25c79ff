"""The small form of `python -m soak web-kills`: two kills in sixty posts, the second of every process."""

import json
from pathlib import Path

import pytest

from soak import web_kills
from soak.figures import Figures
from soak.options import Options

SEED = 3  # one kill after about a quarter of the posts, one after about half of them


def test_killing_the_service_loses_no_message_and_stores_none_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(web_kills, "EVERYTHING_EVERY", 2)
    figures = Figures()
    web_kills.prove(tmp_path / "service", Options(runs=2, posts=60, seed=SEED), figures)
    shown = {line["figure"]: line["value"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert figures.broken == []
    assert shown["web_kills_unanswered"] == 0
    assert shown["web_kills_tried_again"] > 0, "the kills disturbed nobody"
