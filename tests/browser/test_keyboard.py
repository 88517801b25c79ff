"""Without a mouse, and without seeing the page: everything can be reached, has a name, and says what is wrong."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.windows import PHONE, WIDE, Windows, both_sizes
from tests.people import PASSWORD

pytestmark = pytest.mark.browser

STRANGERS_PAGES = ("/", "/login", "/register", "/no-such-page")
_LANDING_PLACES = ("RootWebArea", "main")  # they take the focus, but the Tab key does not stop there


@both_sizes
def test_the_skip_link_comes_first_and_leads_past_the_navigation(windows: Windows) -> None:
    page = windows.newcomer("susan").visit("/")
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Skip to the content")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@both_sizes
def test_the_account_menu_opens_with_enter_and_escape_closes_it(windows: Windows) -> None:
    page = windows.newcomer("susan").visit("/")
    summary = page.locator(".menu summary")
    summary.focus()
    page.keyboard.press("Enter")
    first = page.get_by_role("link", name="Your profile", exact=True)
    expect(first).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    page.keyboard.press("Escape")
    expect(first).to_be_hidden()
    expect(summary).to_be_focused()


@both_sizes
def test_a_click_beside_the_account_menu_closes_it(windows: Windows) -> None:
    page = windows.newcomer("susan").visit("/messages")
    page.locator(".menu summary").click()
    expect(page.get_by_role("link", name="Edit profile")).to_be_visible()
    page.get_by_role("heading", name="Messages", exact=True).click(position={"x": 5, "y": 5})
    expect(page.get_by_role("link", name="Edit profile")).to_be_hidden()


def test_all_that_takes_the_focus_has_a_name(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    windows.another_of(susan)
    john.send(susan.name, "Hello!")
    stranger = windows.open()
    for path in STRANGERS_PAGES:
        stranger.goto(path)
        _expect_names(stranger)
    own = ("/", "/people", "/messages", "/messages/sent", "/edit_profile", "/change_password", f"/user/{susan.name}")
    others = (f"/user/{john.name}", f"/send_message/{john.name}", f"/messages/with/{john.name}")
    for path in own + others:
        page = susan.visit(path)
        page.locator(".menu summary").click()
        _expect_names(page)


def test_a_field_that_is_wrong_is_marked_and_says_why(windows: Windows) -> None:
    page = windows.open()
    page.goto("/register")
    page.get_by_label("Username").fill("not a name")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password, once more").fill("something else")
    page.get_by_role("main").get_by_role("button", name="Register").click()
    username = page.get_by_label("Username")
    expect(username).to_have_attribute("aria-invalid", "true")
    expect(username).to_be_focused()
    expect(username).to_have_accessible_description(re.compile("letters a to z, digits"))
    once_more = page.get_by_label("Password, once more")
    expect(once_more).to_have_attribute("aria-invalid", "true")
    expect(once_more).to_have_accessible_description("The two passwords differ. Please type them again.")
    expect(page.get_by_label("Password", exact=True)).not_to_have_attribute("aria-invalid", "true")


def test_a_message_that_is_too_long_is_marked_and_says_why(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    page = susan.visit(f"/send_message/{john.name}")
    page.get_by_label("Message", exact=True).fill("x" * 141)
    page.get_by_role("button", name="Send").click()
    field = page.get_by_label("Message", exact=True)
    why = "This is 141 characters long; at most 140 characters fit. Please shorten it."
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(why)
    expect(page.get_by_role("main").get_by_text(why)).to_be_visible()


def _expect_names(page: Page) -> None:
    for size in (WIDE, PHONE):
        page.set_viewport_size(size)
        assert _nameless(page) == [], f"{page.url} at {size['width']} px"


def _nameless(page: Page) -> list[str]:
    """What can take the focus and has no name that a screen reader could say."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    reachable = [node for node in nodes if _takes_focus(node)]
    assert len(reachable) > 3, "the tree of the page is not there"
    nameless = [node for node in reachable if not str(node.get("name", {}).get("value", "")).strip()]
    found = [session.send("DOM.describeNode", {"backendNodeId": node["backendDOMNodeId"]}) for node in nameless]
    session.detach()
    return [f"{each['node']['localName']} {each['node']['attributes']}" for each in found]


def _takes_focus(node: dict[str, Any]) -> bool:
    if node["ignored"] or node["role"]["value"] in _LANDING_PLACES:
        return False
    return any(each["name"] == "focusable" and each["value"]["value"] for each in node.get("properties", []))
