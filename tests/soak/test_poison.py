"""The small form of `python -m soak poison`: a push and a text that kill whoever meets them, and many that are beside
them."""

import json
from pathlib import Path

import pytest

from soak import poison
from soak.figures import Figures
from soak.options import Options
from tests.soak.conftest import Where


def test_what_kills_workers_is_set_aside_and_nothing_else(
    tmp_path: Path, where: Where, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = Figures()
    poison.prove(tmp_path / "poison", Options(runs=1, browsers=100, **where), figures)
    shown = {line["figure"]: line["value"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert figures.broken == []
    assert shown["poison_deaths"] in (4, 5, 6)
