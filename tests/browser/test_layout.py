"""On a small telephone nothing sticks out at the side: any page, any language, light and dark, any text."""

from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.office import READER, Office
from tests.browser.windows import LONGEST_NAME, PHONE, Person, Windows
from tests.server.running import Server

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("viewport", [PHONE], ids=["phone"])]

_SIZE = """() => {
  const { scrollWidth, clientWidth, dataset } = document.documentElement;
  return [scrollWidth, clientWidth, dataset.bsTheme];
}"""
UNBROKEN = "W" * 140
in_each_language = pytest.mark.parametrize("locale", ["en-US", "es-ES", "ko-KR", "zh-CN"])


@in_each_language
def test_pages_of_strangers_are_no_wider_than_the_window(windows: Windows, site: Server, locale: str) -> None:
    page = windows.open(locale=locale)
    first_admin = site.first_admin_path()
    assert first_admin
    for path in ("/", "/login", "/register", first_admin, "/no-such-page"):
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == _language(locale)
        _expect_no_overflow(page)
    page.goto("/register")
    page.locator("#username").fill("a b")
    page.locator("#password").fill("long enough")
    page.locator("#password2").fill("and different")
    page.locator("#submit").click()
    page.locator(".is-invalid").first.wait_for()
    _expect_no_overflow(page)
    page.goto("/people")  # leads to the form to sign in, with a word about why
    _expect_no_overflow(page)


@in_each_language
def test_pages_of_people_are_no_wider_than_the_window(windows: Windows, locale: str) -> None:
    susan, long = _two_with_long_everything(windows, locale)
    others = (f"/user/{long.name}", f"/messages/with/{long.name}", f"/send_message/{long.name}")
    for path in ("/messages", "/messages/sent", *others):
        _expect_no_overflow(susan.visit(path))
    general = ("/", "/messages", "/messages/sent", "/people", "/people?q=nobody-at-all", "/no-such-page")
    for path in (*general, "/edit_profile", "/change_password", f"/user/{long.name}", f"/messages/with/{susan.name}"):
        long.visit(path)
        assert long.page.locator("html").get_attribute("lang") == _language(locale)
        _expect_no_overflow(long.page)
    _expect_no_overflow_of_what_opens(long.visit(f"/people?q={long.name}"))
    _expect_no_overflow_of_a_text_too_long(susan.visit(f"/send_message/{long.name}"))


@in_each_language
def test_pages_of_admins_are_no_wider_than_the_window(
    office: Office, chromium: Browser, viewport: ViewportSize, locale: str
) -> None:
    with office.windows(chromium, viewport) as windows, office.speaking(_language(locale)[:2]):
        admin = office.admin(windows)
        pushes = ("", "?state=dead", "?state=gone&kind=test", f"/{office.dead}", f"/{office.off}")
        traces = ("/trace", "/trace?q=1", f"/trace?q={READER}", "/trace?q=broadcast:1", f"/trace?q={UNBROKEN}")
        for path in ("", *(f"/pushes{path}" for path in (*pushes, *traces))):
            admin.visit(f"/admin{path}")
            assert admin.page.locator("html").get_attribute("lang") == _language(locale)
            _expect_no_overflow(admin.page)


def _expect_no_overflow_of_what_opens(page: Page) -> None:
    page.evaluate("window.set_message_count(99999)")
    _expect_no_overflow(page)
    page.locator("a[data-card]").hover()
    page.locator(".person-card").wait_for()
    _expect_no_overflow(page)
    page.locator(".menu summary").click()
    page.locator(".menu-name").wait_for()
    _expect_no_overflow(page)


def _expect_no_overflow_of_a_text_too_long(page: Page) -> None:
    page.locator("textarea").fill(UNBROKEN * 2)
    page.locator(".counter.is-over").wait_for()
    _expect_no_overflow(page)
    page.locator("#submit").click()
    page.locator(".is-invalid").wait_for()
    _expect_no_overflow(page)


def _two_with_long_everything(windows: Windows, locale: str) -> tuple[Person, Person]:
    susan = windows.newcomer("susan", locale=locale)
    long = windows.newcomer("W" * LONGEST_NAME, locale=locale)
    assert len(long.name) == LONGEST_NAME
    language = locale[:2]
    assert long.post("/edit_profile", {"about_me": UNBROKEN, "locale": language}).status == 302
    long.send(susan.name, UNBROKEN)
    return susan, long


def _language(locale: str) -> str:
    return {"zh-CN": "zh-Hans"}.get(locale, locale[:2])


def _expect_no_overflow(page: Page) -> None:
    """In the theme the page is in, and in the other one, in which the next page is opened."""
    page.wait_for_load_state()  # before that the style sheets may be missing
    theme = _expect_narrow(page)
    other: Literal["light", "dark"] = "light" if theme == "dark" else "dark"
    page.emulate_media(color_scheme=other)
    expect(page.locator("html")).to_have_attribute("data-bs-theme", other)
    assert _expect_narrow(page) == other


def _expect_narrow(page: Page) -> str:
    width, room, theme = page.evaluate(_SIZE)
    assert width <= room, f"{page.url} in {theme} is {width} px wide, the window {room} px"
    return str(theme)
