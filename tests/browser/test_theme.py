"""Light or dark: the system's wish until a person chooses, and the choice after that."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.windows import Windows, both_sizes

pytestmark = pytest.mark.browser


@both_sizes
def test_the_page_follows_the_system_until_a_choice_is_made(windows: Windows) -> None:
    page = windows.open(color_scheme="dark")
    page.goto("/")
    dark_ground = _ground(page)
    _expect_theme(page, "dark", pressed="System")
    page.emulate_media(color_scheme="light")
    _expect_theme(page, "light", pressed="System")
    assert _ground(page) != dark_ground
    _choice(page, "Dark").click()
    _expect_theme(page, "dark", pressed="Dark")
    assert _ground(page) == dark_ground


def test_the_choice_stays_and_system_goes_back(windows: Windows) -> None:
    page = windows.newcomer("susan", color_scheme="light").visit("/people")
    _choice(page, "Dark").click()
    page.reload()
    _expect_theme(page, "dark", pressed="Dark")
    page.goto("/messages")
    _expect_theme(page, "dark", pressed="Dark")
    _choice(page, "System").click()
    _expect_theme(page, "light", pressed="System")
    page.emulate_media(color_scheme="dark")
    _expect_theme(page, "dark", pressed="System")
    page.reload()
    _expect_theme(page, "dark", pressed="System")


def test_the_choice_reaches_the_other_tabs_at_once(windows: Windows) -> None:
    page = windows.open(color_scheme="light")
    page.goto("/")
    other_tab = page.context.new_page()
    other_tab.goto("/login")
    _choice(page, "Dark").click()
    _expect_theme(other_tab, "dark", pressed="Dark")


def test_the_switch_works_by_keyboard(windows: Windows) -> None:
    page = windows.open(color_scheme="light")
    page.goto("/login")
    _choice(page, "Light").focus()
    page.keyboard.press("Tab")
    expect(_choice(page, "Dark")).to_be_focused()
    page.keyboard.press("Space")
    _expect_theme(page, "dark", pressed="Dark")


def _choice(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name="Colours").get_by_role("button", name=name)


def _expect_theme(page: Page, theme: str, *, pressed: str) -> None:
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
    for name in ("System", "Light", "Dark"):
        expect(_choice(page, name)).to_have_attribute("aria-pressed", str(name == pressed).lower())


def _ground(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour
