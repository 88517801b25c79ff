"""The small form of `python -m soak web-kills`: four kills in 160 posts, two of them of every process."""

import json
from pathlib import Path

import pytest

from soak import web_kills
from soak.figures import Figures
from soak.options import Options
from tests.soak.conftest import Where

SEED = 3  # the kills are spread over the first two thirds of the posts


def test_killing_the_service_loses_no_message_and_stores_none_twice(
    tmp_path: Path, where: Where, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(web_kills, "EVERYTHING_EVERY", 2)
    figures = Figures()
    web_kills.prove(tmp_path / "service", Options(runs=4, posts=160, seed=SEED, **where), figures)
    shown = {line["figure"]: line["value"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert figures.broken == []
    assert shown["web_kills_unanswered"] == 0
    assert shown["web_kills_tried_again"] > 0, "the kills disturbed nobody"
