"""The bell and what opens below it, and the page of the inbox: they say the same, and reading in them is at once."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.windows import PHONE, WIDE, Windows, both_sizes

pytestmark = pytest.mark.browser

narrow = pytest.mark.parametrize("viewport", [PHONE], ids=["phone"])


def _panel(page: Page) -> Locator:
    return page.get_by_role("region", name="Inbox")


def _with_messages(windows: Windows, *texts: str) -> tuple[Page, str]:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    john.send(susan.name, *texts)
    page = susan.visit("/people")
    expect(page.locator("#notification_count")).to_have_text(f"{len(texts)} unread")
    return page, john.name


def test_the_panel_opens_and_closes_as_people_expect(windows: Windows) -> None:
    page, john = _with_messages(windows, "one", "two")
    bell, panel = page.locator("#bell"), _panel(page)
    expect(bell).to_have_attribute("aria-expanded", "false")
    ways: list[Callable[[], object]] = [bell.click, page.get_by_role("heading", name="People").click]
    ways.append(lambda: page.keyboard.press("Escape"))
    for close in ways:
        bell.click()
        expect(panel).to_be_visible()
        expect(bell).to_have_attribute("aria-expanded", "true")
        expect(panel.get_by_role("listitem")).to_have_count(2)
        expect(panel.get_by_role("link", name=john)).to_have_count(2)
        close()
        expect(panel).to_be_hidden()
        expect(bell).to_have_attribute("aria-expanded", "false")


def test_after_escape_the_bell_has_the_focus_again(windows: Windows) -> None:
    page, _john = _with_messages(windows, "one")
    page.locator("#bell").click()
    _panel(page).get_by_role("button", name="Mark as read").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#bell")).to_be_focused()


def test_what_comes_while_it_is_open_appears_in_it(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    page = susan.visit("/people")
    page.locator("#bell").click()
    expect(_panel(page)).to_contain_text("Nothing yet.")
    john.send(susan.name, "now")
    expect(_panel(page).get_by_role("listitem")).to_contain_text("now")


def test_marking_one_leaves_the_focus_where_it_was_and_the_others_unread(windows: Windows) -> None:
    page, _john = _with_messages(windows, "one", "two", "three")
    page.locator("#bell").click()
    second = _panel(page).get_by_role("listitem").nth(1)
    second.get_by_role("button", name="Mark as read").press("Enter")
    expect(page.locator("#notification_count")).to_have_text("2 unread")
    expect(page.locator("#message_count")).to_have_text("2 unread")
    expect(second).not_to_contain_text("Mark as read")
    expect(second.get_by_role("link")).to_be_focused()
    assert page.title().startswith("(2) ")


@both_sizes
def test_the_page_lists_all_and_the_unread_alone(windows: Windows) -> None:
    page, _john = _with_messages(windows, "one", "two")
    page.goto("/inbox")
    rows = page.locator("[data-inbox-list] li")
    expect(rows).to_have_count(2)
    rows.first.get_by_role("button", name="Mark as read").click()
    expect(page.locator("#notification_count")).to_have_text("1 unread")
    expect(rows.first).not_to_contain_text("Mark as read")
    page.get_by_role("navigation", name="Inbox").get_by_role("link", name="Unread").click()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_role("heading", name="All read")).to_be_visible()
    expect(page.locator("#notification_count")).to_be_hidden()
    expect(page.get_by_role("button", name="Mark all as read")).to_be_hidden()
    page.get_by_role("link", name="See what was before").click()
    expect(rows).to_have_count(2)


@narrow
def test_on_a_phone_the_bell_leads_to_the_page(windows: Windows) -> None:
    page, _john = _with_messages(windows, "one")
    page.locator("#bell").click()
    page.wait_for_url(re.compile("/inbox$"))


def test_an_item_leads_to_its_conversation_and_is_read_by_that(windows: Windows) -> None:
    page, john = _with_messages(windows, "one")
    page.locator("#bell").click()
    _panel(page).get_by_role("link", name=john).click()
    page.wait_for_url(f"**/messages/with/{john}")
    expect(page.locator("#notification_count")).to_be_hidden()


def test_without_scripts_the_bell_is_a_link_and_the_buttons_are_forms(windows: Windows) -> None:
    susan, john = windows.newcomer("susan", java_script_enabled=False), windows.newcomer("john")
    john.send(susan.name, "one", "two")
    page = susan.visit("/people")
    assert page.title().startswith("(2) ")
    page.locator("#bell").click()
    page.wait_for_url(re.compile("/inbox$"))
    page.get_by_role("button", name="Mark as read").first.click()
    expect(page.locator("#notification_count")).to_have_text("1 unread")
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator("#notification_count")).to_be_hidden()


def test_the_panel_fits_below_the_bell(windows: Windows) -> None:
    page, _john = _with_messages(windows, *(f"number {number} {'long ' * 20}" for number in range(6)))
    page.locator("#bell").click()
    box = _panel(page).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= WIDE["width"]
    assert box["y"] + box["height"] <= WIDE["height"]
