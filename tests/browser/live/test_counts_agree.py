"""Two tabs and a second browser of one person say the same numbers, whatever happens, without being loaded again."""

import os

import pytest

from tests.browser.live.conftest import Scene, a_third_device, only_sockets
from tests.browser.live.line import Mode
from tests.browser.live.person import read_elsewhere

pytestmark = pytest.mark.browser

SOON = 15.0  # at once by a socket, within a second by asking; the machine may be busy
LATER = 60.0  # a browser whose line was cut asks less and less often
OFFLINE_SECONDS = float(os.environ.get("OFFLINE_SECONDS", "6"))  # 60 in the full form
SLEPT_MS = 35_000  # shorter than it takes for the socket to find by itself that nobody answers


def test_after_messages(scene: Scene) -> None:
    desk = scene.open()
    scene.john.send(scene.susan.name, "one")
    desk.agree(1, within_seconds=SOON)
    scene.john.send(scene.susan.name, "two", "three")
    desk.agree(3, within_seconds=SOON)


def test_after_reading_one_in_the_panel_and_then_all(scene: Scene) -> None:
    desk = scene.open()
    scene.john.send(scene.susan.name, "one", "two", "three")
    desk.agree(3, within_seconds=SOON)
    page = scene.susan.page
    page.locator("#bell").click()
    page.get_by_role("button", name="Mark as read").first.click()
    desk.agree(2, within_seconds=SOON)
    page.get_by_role("button", name="Mark all as read").click()
    desk.agree(0, within_seconds=SOON)


def test_after_reading_in_a_tab_of_the_other_browser(scene: Scene) -> None:
    desk = scene.open()
    scene.john.send(scene.susan.name, "one", "two")
    desk.agree(2, within_seconds=SOON)
    scene.elsewhere.context.new_page().goto(f"/messages/with/{scene.john.name}")
    desk.agree(0, within_seconds=SOON)


def test_after_reading_on_a_third_device(scene: Scene) -> None:
    desk = scene.open()
    scene.john.send(scene.susan.name, "one")
    desk.agree(1, within_seconds=SOON)
    read_elsewhere(a_third_device(scene), scene.john.name)
    desk.agree(0, within_seconds=SOON)


def test_after_being_offline_while_messages_came(scene: Scene) -> None:
    desk = scene.open()
    scene.first.is_now(Mode.CUT)
    scene.susan.context.set_offline(True)
    for number in range(5):
        scene.john.send(scene.susan.name, f"number {number}")
        scene.susan.page.wait_for_timeout(OFFLINE_SECONDS * 1000 / 5)
    scene.first.is_now(Mode.OPEN)
    scene.susan.context.set_offline(False)
    desk.agree(5, within_seconds=SOON)
    read_elsewhere(a_third_device(scene), scene.john.name)
    desk.agree(0, within_seconds=SOON)


def test_after_a_line_that_broke_without_a_word_to_the_browser(scene: Scene) -> None:
    desk = scene.open()
    scene.first.is_now(Mode.CUT)
    scene.john.send(scene.susan.name, "one", "two")
    scene.susan.page.wait_for_timeout(3000)
    scene.first.is_now(Mode.OPEN)
    desk.agree(2, within_seconds=LATER)


def test_while_no_socket_gets_through_and_after_it_does_again(scene: Scene) -> None:
    desk = scene.open()
    scene.first.is_now(Mode.NO_SOCKETS)
    scene.second.is_now(Mode.NO_SOCKETS)
    scene.john.send(scene.susan.name, "one")
    desk.agree(1, within_seconds=SOON)
    scene.first.is_now(Mode.OPEN)
    scene.second.is_now(Mode.OPEN)
    scene.john.send(scene.susan.name, "two")
    desk.agree(2, within_seconds=SOON)
    read_elsewhere(a_third_device(scene), scene.john.name)
    desk.agree(0, within_seconds=SOON)


def test_after_a_sleep_from_which_nothing_that_was_open_comes_back(scene: Scene) -> None:
    """No clock goes on by itself: what is done after waking is done because the page finds that it has slept."""
    desk = scene.open(with_clocks=True)
    scene.john.send(scene.susan.name, "before")
    desk.agree(1, within_seconds=SOON)
    scene.stop_clocks()
    for line in (scene.first, scene.second):
        line.is_now(Mode.DEAD)
    scene.john.send(scene.susan.name, "meanwhile", "and again")
    for line in (scene.first, scene.second):
        line.is_now(Mode.OPEN)
    for page in desk.pages:
        page.clock.fast_forward(SLEPT_MS)
    desk.agree(3, within_seconds=SOON)


@only_sockets
def test_after_a_sleep_the_socket_is_a_new_one(scene: Scene) -> None:
    desk = scene.open(with_clocks=True)
    scene.stop_clocks()
    for line in (scene.first, scene.second):
        line.is_now(Mode.DEAD)
        line.is_now(Mode.OPEN)
    for page in desk.pages:
        page.clock.fast_forward(SLEPT_MS)
    scene.susan.page.wait_for_timeout(2000)
    scene.john.send(scene.susan.name, "long after")
    desk.agree(1, within_seconds=SOON)
