"""The card over a name: opened by the mouse and by the keyboard, closed by Escape, never outside the window."""

import pytest
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser.windows import LONGEST_NAME, PHONE, Person, Windows, both_sizes

pytestmark = pytest.mark.browser


@both_sizes
def test_the_mouse_opens_the_card_moves_into_it_and_closes_it_by_leaving(windows: Windows) -> None:
    page, john = _a_message_from_john(windows)
    _name(page, john).hover()
    expect(_card(page)).to_contain_text(john)
    page.get_by_role("heading", name="Messages", exact=True).hover(position={"x": 5, "y": 5})
    expect(_card(page)).to_have_count(0)
    _name(page, john).hover()
    _send_link(page).hover()
    _send_link(page).click()
    page.wait_for_url(f"**/send_message/{john}")


@both_sizes
def test_the_tab_key_opens_the_card_walks_through_it_and_closes_it_by_leaving(windows: Windows) -> None:
    page, john = _a_message_from_john(windows)
    _tab_to(page, _name(page, john))
    expect(_card(page)).to_be_visible()
    page.keyboard.press("Tab")
    expect(_send_link(page)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name=f"Reply to {john}")).to_be_focused()
    expect(_card(page)).to_have_count(0)
    page.keyboard.press("Shift+Tab")
    expect(_card(page)).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/send_message/{john}")


@both_sizes
def test_escape_closes_the_card_and_returns_the_focus_to_the_name(windows: Windows) -> None:
    page, john = _a_message_from_john(windows)
    _tab_to(page, _name(page, john))
    expect(_card(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(_card(page)).to_have_count(0)
    expect(_name(page, john)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    expect(_card(page)).to_be_visible()
    page.keyboard.press("Tab")
    expect(_send_link(page)).to_be_focused()
    page.keyboard.press("Escape")
    expect(_card(page)).to_have_count(0)
    expect(_name(page, john)).to_be_focused()


@both_sizes
def test_the_card_stays_within_the_window_wherever_the_name_stands(windows: Windows) -> None:
    susan = windows.newcomer("susan")
    long = windows.newcomer("W" * LONGEST_NAME)
    long.post("/edit_profile", {"about_me": "W" * 140, "locale": "en"})
    long.send(susan.name, "hello")
    for path in ("/messages", f"/messages/with/{long.name}", f"/send_message/{long.name}", f"/people?q={long.name}"):
        page = susan.visit(path)
        _name(page, long.name).hover()
        expect(_card(page)).to_be_visible()
        _expect_inside(page, _card(page))


@both_sizes
def test_the_card_of_the_last_name_of_a_long_list_stays_within_the_window(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    john.send(susan.name, *map(str, range(20)))
    page = susan.visit("/messages")
    last = _name(page, john.name).last
    page.keyboard.press("End")
    last.hover()
    expect(_card(page)).to_be_visible()
    _expect_inside(page, _card(page))


@pytest.mark.parametrize("viewport", [PHONE], ids=["phone"])
def test_a_tap_on_the_name_leads_to_the_profile(windows: Windows) -> None:
    page, john = _a_message_from_john(windows, has_touch=True)
    _name(page, john).tap()
    page.wait_for_url(f"**/user/{john}")
    expect(page.get_by_role("heading", name=john)).to_be_visible()


def test_the_card_over_ones_own_name_offers_no_message(windows: Windows) -> None:
    susan = windows.newcomer("susan")
    page = susan.visit(f"/people?q={susan.name}")
    _name(page, susan.name).hover()
    expect(_card(page)).to_contain_text("This is you.")
    expect(_send_link(page)).to_have_count(0)


def _a_message_from_john(windows: Windows, **options: bool) -> tuple[Page, str]:
    susan: Person = windows.newcomer("susan", **options)
    john = windows.newcomer("john")
    john.send(susan.name, "Hello, Susan!")
    return susan.visit("/messages"), john.name


def _name(page: Page, name: str) -> Locator:
    return page.locator("a[data-card]").filter(has_text=name)


def _card(page: Page) -> Locator:
    return page.locator(".person-card")


def _send_link(page: Page) -> Locator:
    return _card(page).get_by_role("link", name="Send private message")


def _tab_to(page: Page, target: Locator) -> None:
    for _ in range(20):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail("the Tab key does not reach it")


def _expect_inside(page: Page, element: Locator) -> None:
    box: FloatRect | None = element.bounding_box()
    window = page.viewport_size
    assert box is not None
    assert window is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= window["width"]
    assert box["y"] + box["height"] <= window["height"]
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
