"""The small forms of what is proved of several machines: fewer browsers, shorter failures, and wider bounds."""

import json
from pathlib import Path

import pytest

from soak import machines_message
from soak.figures import Figures
from soak.options import Options

pytestmark = [pytest.mark.redis, pytest.mark.nginx, pytest.mark.postgresql_only("several machines share no file")]


def test_a_message_through_one_server_lights_the_badge_at_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machines_message, "P95_MS", 2500.0)
    figures = Figures()
    machines_message.prove(tmp_path / "machines", Options(posts=10), figures)
    shown = {line["figure"]: line["value"] for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert figures.broken == []
    assert shown["machines_message_arrived"] == 10
