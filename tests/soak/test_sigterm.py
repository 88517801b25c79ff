"""The small form of `python -m soak sigterm`."""

from pathlib import Path

import pytest

from soak import sigterm
from soak.figures import Figures
from soak.options import Options
from tests.soak.conftest import Where


def test_a_worker_that_is_told_to_end_loses_nothing_and_repeats_nothing(
    tmp_path: Path, where: Where, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sigterm, "SLOW_SECONDS", 0.5)
    monkeypatch.setattr(sigterm, "ONE_SLOW_OF", 50)
    figures = Figures()
    sigterm.prove(tmp_path / "sigterm", Options(runs=2, browsers=300, **where), figures)
    assert figures.broken == []
