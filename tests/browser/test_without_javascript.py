"""Without JavaScript everything that matters still works: forms, links and the account menu."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.windows import Windows, badge_of, both_sizes, fill_in_sign_in
from tests.people import PASSWORD

pytestmark = pytest.mark.browser


@both_sizes
def test_a_person_registers_sends_reads_and_signs_out(windows: Windows) -> None:
    john = windows.newcomer("john")
    page = windows.open(java_script_enabled=False)
    name = f"plain-{john.name}"
    _register(page, name)
    page.goto(f"/user/{john.name}")
    page.get_by_role("link", name="Send private message").click()
    page.get_by_label("Message", exact=True).fill("Sent without a script")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your message has been sent.")).to_be_visible()
    expect(john.visit("/messages").get_by_text("Sent without a script")).to_be_visible()

    john.send(name, "Read without a script")
    page.reload()
    expect(badge_of(page)).to_have_text("1 unread")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Messages").click()
    expect(page.get_by_text("Read without a script")).to_be_visible()
    expect(badge_of(page)).to_be_hidden()

    _sign_out(page)
    fill_in_sign_in(_sign_in_page(page), name)
    expect(page.get_by_role("heading", name=f"Hello, {name}")).to_be_visible()


def test_what_needs_a_script_is_not_shown_and_the_system_decides_the_theme(windows: Windows) -> None:
    page = windows.open(java_script_enabled=False)
    page.goto("/")
    expect(page.locator(".theme-switch")).to_be_hidden()
    light = _ground(page)
    page.emulate_media(color_scheme="dark")
    assert _ground(page) != light
    susan = windows.newcomer("susan", java_script_enabled=False)
    expect(susan.visit("/edit_profile").locator(".counter")).to_have_count(0)


def _ground(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def _register(page: Page, name: str) -> None:
    page.goto("/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password, once more").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Register").click()
    expect(page.get_by_text(f"Welcome, {name}!")).to_be_visible()


def _sign_out(page: Page) -> None:
    page.locator(".menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def _sign_in_page(page: Page) -> Page:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Sign in").click()
    return page
