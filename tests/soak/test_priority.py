"""The small form of `python -m soak priority`: the push service is slow, so that the broadcast takes ten seconds."""

from pathlib import Path

import pytest

from soak import priority, recording
from soak.figures import Figures
from soak.options import Options
from tests.push.listener import Reply
from tests.soak.conftest import Where

SLOW_SECONDS = 0.03


def test_a_message_overtakes_a_broadcast(tmp_path: Path, where: Where, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer_slowly(_endpoint: str) -> Reply:
        return Reply(201, after_seconds=SLOW_SECONDS)

    monkeypatch.setattr(recording, "accept", answer_slowly)
    monkeypatch.setattr(priority, "MOST_MS", 4000.0)
    monkeypatch.setattr(priority, "ALREADY", 30)
    monkeypatch.setattr(priority, "PAUSE_SECONDS", 0.05)
    figures = Figures()
    priority.prove(tmp_path / "priority", Options(posts=3, browsers=4000, **where), figures)
    assert figures.broken == []
