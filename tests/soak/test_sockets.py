"""The small form of `python -m soak sockets`: a hundred open pages, some seconds, and wider bounds."""

import json
from pathlib import Path

import pytest

from soak import sockets
from soak.figures import Figures
from soak.options import Options
from tests.soak.conftest import Where


def test_open_sockets_hold_and_miss_nothing(
    tmp_path: Path, where: Where, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sockets, "IDLE_P95_MS", 2500.0)
    monkeypatch.setattr(sockets, "BROADCAST_P95_MS", 5000.0)
    monkeypatch.setattr(sockets, "MESSAGE_EVERY_SECONDS", 0.2)
    figures = Figures()
    sockets.prove(tmp_path / "sockets", Options(sockets=100, seconds=3, browsers=500, runs=1, **where), figures)
    shown = {line["figure"]: line["value"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert figures.broken == []
    assert shown["sockets_idle_ms"] > 0
    assert shown["sockets_broadcast_ms"] > 0
