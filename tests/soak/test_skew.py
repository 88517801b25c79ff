"""The small form of `python -m soak skew`: the same moments, and few browsers."""

from pathlib import Path

from soak import skew
from soak.figures import Figures
from soak.options import Options
from tests.soak.conftest import Where


def test_a_clock_that_is_eleven_hours_wrong_is_accepted_by_a_strict_push_service(tmp_path: Path, where: Where) -> None:
    figures = Figures()
    skew.prove(tmp_path / "skew", Options(browsers=20, **where), figures)
    assert figures.broken == []
