"""A rotation of the key at a real Chromium: nothing is lost or restarted, and the browser moves over by itself."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Playwright

from tests.push.chromium_seat import Seat, Stage, staged, wait_for_state
from tests.push.product import Product, eventually, product
from tests.server.running import ROOT, environment

pytestmark = [pytest.mark.browser, pytest.mark.desktop]


@pytest.fixture(scope="module")
def stage(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(playwright, tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def seat(stage: Stage, tmp_path: Path) -> Iterator[Seat]:
    """At a site of its own: its keys are the test's to change."""
    refusals, problems = len(stage.backend.refusals), len(stage.problems)
    with product(tmp_path, stage.backend.stand_in, stage.backend.ca_file) as site:
        taken = Seat(replace(stage, product=site))
        yield taken
        taken.leave()
    assert (stage.backend.refusals[refusals:], stage.problems[problems:]) == ([], [])


def test_old_subscriptions_are_served_and_what_is_on_the_way_moves_with_the_browser(stage: Stage, seat: Seat) -> None:
    site = seat.stage.product
    _page, susan = seat.subscribed("susan")
    former, [row], john = seat.registration(), site.subscriptions_of(susan), site.newcomer("john")
    stage.chromium.close_pages()

    new = _vapid(site, "rotate").partition("The new key ")[2].split()[0]
    john.send(susan, "To the old subscription")
    seat.sees(john.name, "To the old subscription")
    assert (former.is_gone, stage.backend.received[-1].registration) == (False, former)

    with site.worker_held():
        john.send(susan, "While it moves over")
        wait_for_state(seat.open(), "on")
        [moved] = site.subscriptions_of(susan)
        assert (moved.id, former.is_gone) == (row.id, True)
        assert moved.vapid_public_key.startswith(new)
    seat.sees(john.name, "While it moves over")
    assert stage.backend.received[-1].registration.application_server_key == moved.vapid_public_key

    assert "Turned off: 0 browsers." in _vapid(site, "retire", row.vapid_public_key[:12], "--yes")
    john.send(susan, "After the end of the old key")
    seat.sees(john.name, "After the end of the old key")
    eventually(lambda: [push.state for push in site.pushes_to(susan)], ["accepted"] * 3)
    assert len(seat.texts()) == 3


def test_who_comes_only_after_the_old_key_has_been_retired_is_mended_at_the_next_visit(
    stage: Stage, seat: Seat
) -> None:
    site = seat.stage.product
    _page, susan = seat.subscribed("susan")
    [row], john = site.subscriptions_of(susan), site.newcomer("john")
    stage.chromium.close_pages()
    _vapid(site, "rotate")
    received = len(stage.backend.received)
    assert "Turned off: 1 browser." in _vapid(site, "retire", row.vapid_public_key[:12], "--yes")

    john.send(susan, "With no key for it")
    assert site.pushes_to(susan) == []
    wait_for_state(seat.open(), "on")
    assert len(stage.backend.received) == received, "nothing is sent to it with another key"
    john.send(susan, "Welcome back")
    seat.sees(john.name, "Welcome back")
    eventually(lambda: [push.state for push in site.pushes_to(susan)], ["accepted"])


def _vapid(site: Product, *arguments: str) -> str:
    """`flask vapid …`, as a person runs it beside the server."""
    command = [sys.executable, "-m", "flask", "--app", "app:create_app", "vapid", *arguments]
    env = environment(site.instance, site.server.port, PYTHONWARNINGS="ignore")  # connections end with the command
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
