"""The small forms of what is proved of several machines: fewer browsers, shorter failures, and wider bounds."""

import json
from pathlib import Path

import pytest

from soak import machines, machines_failures, machines_message, machines_restart, ordeal
from soak.figures import Figures
from soak.options import Options

pytestmark = [pytest.mark.redis, pytest.mark.nginx, pytest.mark.postgresql_only("several machines share no file")]

BROWSERS = 400
LEASE_SECONDS = 12  # a sixth of it is the longest that an answer is waited for
# How long something takes is for a machine that has nothing else to do.
SLOW_SECONDS = 60.0
Shown = dict[str, float]


def shown(capsys: pytest.CaptureFixture[str]) -> Shown:
    return {line["figure"]: line["value"] for line in map(json.loads, capsys.readouterr().out.splitlines())}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(machines, "LEASE_SECONDS", LEASE_SECONDS)
    monkeypatch.setattr(ordeal, "AFTERWARDS_SECONDS", 2.0)
    monkeypatch.setattr(machines_failures, "POSTGRESQL_AWAY_SECONDS", (4.0,))
    monkeypatch.setattr(machines_failures, "REDIS_AWAY_SECONDS", 8.0)
    for bound in ("BADGE_SECONDS", "BADGE_AFTERWARDS_SECONDS", "PUSH_SECONDS", "ANSWER_SECONDS"):
        monkeypatch.setattr(machines_failures, bound, SLOW_SECONDS)
    return monkeypatch


def test_a_message_through_one_server_lights_the_badge_at_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machines_message, "P95_MS", 2500.0)
    figures = Figures()
    machines_message.prove(tmp_path / "machines", Options(posts=10), figures)
    assert figures.broken == []
    assert shown(capsys)["machines_message_arrived"] == 10


@pytest.mark.parametrize("some", [["workers_killed", "web_killed"], ["postgresql_failed", "redis_away"]])
def test_whatever_fails_in_the_midst_of_it_nothing_is_lost_and_nothing_shown_twice(
    tmp_path: Path, small: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], some: list[str]
) -> None:
    small.setattr(machines_failures, "FAILURES", {name: machines_failures.FAILURES[name] for name in some})
    figures = Figures()
    machines_failures.prove(tmp_path / "machines", Options(browsers=BROWSERS), figures)
    assert figures.broken == []
    seen = shown(capsys)
    assert all(seen[f"machines_{name}_messages_meanwhile"] > 0 for name in some if name != "postgresql_failed")


@pytest.mark.alone
@pytest.mark.usefixtures("small")
def test_new_code_for_every_process_goes_unnoticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures = Figures()
    machines_restart.prove(tmp_path / "machines", Options(browsers=BROWSERS), figures)
    assert figures.broken == []
    assert shown(capsys)["machines_restart_messages_lost"] == 0
