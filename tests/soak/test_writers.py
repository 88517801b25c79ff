"""The small form of `python -m soak writers`. How long people wait is not judged: the tests have other things to do."""

import json
from pathlib import Path

import pytest

from soak import writers
from soak.figures import Figures
from soak.options import Options
from tests.soak.conftest import Where

SLOW = {"writers_write_p99_ms"}


def test_nobody_who_writes_during_a_broadcast_sees_an_error(
    tmp_path: Path, where: Where, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = Figures()
    writers.prove(tmp_path / "service", Options(seconds=2, browsers=100, **where), figures)
    shown = {line["figure"]: line["value"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert set(figures.broken) <= SLOW
    assert shown["writers_messages_per_second"] > 0
    assert shown["writers_fanned_out"] >= 100
