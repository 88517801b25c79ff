"""A conversation that is open and looked at: what comes appears and is read, nothing rings, and no number rises."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.live.conftest import Scene
from tests.browser.live.test_counts_agree import SOON

pytestmark = pytest.mark.browser

SOON_MS = SOON * 1000
# Every number that a badge ever showed.
_REMEMBER = """() => {
  window.shownNumbers = [];
  const badge = document.getElementById("message_count");
  const note = () => badge.hidden || window.shownNumbers.push(badge.querySelector(".number").textContent);
  new MutationObserver(note).observe(badge, { attributes: true, childList: true, subtree: true, characterData: true });
}"""


def _open(scene: Scene) -> Page:
    page = scene.susan.visit(f"/messages/with/{scene.john.name}")
    page.evaluate(_REMEMBER)
    return page


def test_a_message_appears_and_is_read_and_the_number_does_not_rise_meanwhile(scene: Scene) -> None:
    page = _open(scene)
    elsewhere = scene.elsewhere.visit("/people")
    page.get_by_label("Message", exact=True).fill("half written")
    scene.john.send(scene.susan.name, "one")
    expect(page.get_by_text("one", exact=True)).to_be_visible(timeout=SOON_MS)
    scene.john.send(scene.susan.name, "two")
    expect(page.get_by_text("two", exact=True)).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_label("Message", exact=True)).to_have_value("half written")
    expect(elsewhere.locator("#message_count")).to_be_hidden(timeout=SOON_MS)
    expect(elsewhere.locator("#notification_count")).to_be_hidden(timeout=SOON_MS)
    assert page.evaluate("window.shownNumbers") == []


def test_a_message_of_somebody_else_raises_the_number(scene: Scene) -> None:
    page = _open(scene)
    scene.windows.newcomer("mary").send(scene.susan.name, "not in this conversation")
    expect(page.locator("#message_count")).to_have_text("1 unread", timeout=SOON_MS)
    assert page.title().startswith("(1) ")


def test_the_first_message_ever_appears_where_nothing_was_said_yet(scene: Scene) -> None:
    page = _open(scene)
    expect(page.get_by_role("heading", name="Nothing said yet")).to_be_visible()
    scene.john.send(scene.susan.name, "the first one")
    expect(page.get_by_text("the first one", exact=True)).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("heading", name="Nothing said yet")).to_have_count(0)
