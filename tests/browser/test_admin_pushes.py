"""`/admin/pushes` as an admin has it before them: with and without scripts, large and small, by keyboard and by ear."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.devtools import nameless
from tests.browser.office import LONG_ANSWER, READER, Office
from tests.browser.windows import Windows, both_sizes
from tests.people import PASSWORD
from tests.push.service import MOZILLA, WINDOWS
from webpush_app.delivery.models import Push, State

pytestmark = pytest.mark.browser

# The contrast of every text to what is behind it, as WCAG counts it; 4.5 is what small text needs.
_PALE = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const light = ([r, g, b]) => [r, g, b].map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = rgba(getComputedStyle(each).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  const pale = (element) => {
    const two = [light(rgba(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    return (two[0] + 0.05) / (two[1] + 0.05) < 4.5;
  };
  const hasText = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  return [...document.querySelectorAll("main *")].filter((element) => hasText(element) && pale(element))
    .map((element) => element.outerHTML.slice(0, 120));
}"""


@pytest.fixture
def windows(office: Office, chromium: Browser, viewport: ViewportSize) -> Iterator[Windows]:
    with office.windows(chromium, viewport) as windows:
        yield windows


@both_sizes
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_an_admin_finds_a_push_that_failed_and_sends_it_again(office: Office, windows: Windows, scripts: bool) -> None:
    office.happenings.end(office.dead, State.FAILED, "given_up_their_trouble", answer_status=503, said=LONG_ANSWER)
    page = windows.open(java_script_enabled=scripts)
    _sign_in(page)
    page.goto("/admin")
    page.get_by_role("navigation", name="Administration").get_by_role("link", name="Pushes").click()
    expect(page.get_by_role("heading", level=1, name="Pushes")).to_be_visible()
    expect(page.get_by_role("region", name="This needs you")).to_contain_text(MOZILLA)
    expect(page.get_by_role("region", name="Push services").get_by_role("listitem").first).to_contain_text("Spared")

    page.get_by_label("A message number or a username").fill(READER)
    page.get_by_role("button", name="Search").click()
    message = page.get_by_role("region", name=f"Message 1 from boss to {READER}")
    lines = message.locator(".trail-line")
    expect(lines).to_have_count(3)
    expect(lines.first).to_contain_text("It cannot be sent again: it was signed out.")
    failed = lines.filter(has_text="Failed")
    expect(failed).to_contain_text("Answered 503: the push service has trouble of its own.")
    failed.get_by_role("link", name=f"Push {office.dead}").click()
    page.get_by_role("button", name=f"Send push {office.dead} again").click()
    expect(page.get_by_role("status").first).to_contain_text("1 push is sent again.")
    expect(page.locator(".trail-line")).to_contain_text("Waiting")
    expect(page.locator(".trail-line")).to_contain_text("Given up then, and sent again by hand later.")


def test_all_of_a_reason_and_a_service_are_sent_again(office: Office, windows: Windows) -> None:
    office.happenings.end(office.dead, State.FAILED, "refused_request", answer_status=400)
    page = office.admin(windows).visit("/admin/pushes")
    group = page.get_by_role("region", name="Dead letters").get_by_role("listitem").filter(has_text=WINDOWS)
    expect(group).to_contain_text("the push service refused it")
    group.get_by_role("link", name="Show all 1").click()
    expect(page.locator(".push-row")).to_have_count(1)
    page.go_back()
    group.get_by_role("button", name="Send 1 again").click()
    expect(page.get_by_role("status").first).to_contain_text("1 push is sent again.")
    expect(group).to_have_count(0)
    assert office.happenings.push(office.dead).state == State.QUEUED


def test_the_list_is_filtered_by_the_keyboard_alone(office: Office, windows: Windows) -> None:
    page = office.admin(windows).visit("/admin/pushes")
    page.get_by_label("State").focus()
    page.keyboard.type("Too")
    for _next in ("About", "Push service", "Show"):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Show")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/pushes?state=expired*")
    expect(page.locator(".push-row")).to_have_count(1)
    expect(page.locator(".push-row").get_by_role("link").first).to_have_attribute("href", f"/admin/pushes/{office.off}")
    expect(page.get_by_label("State")).to_have_value("expired")


@both_sizes
def test_everything_has_a_name_and_can_be_read(office: Office, windows: Windows) -> None:
    page = office.admin(windows, reduced_motion="reduce").page  # no colour is caught on its way to another
    office.happenings.change(Push, office.dead, state=State.FAILED, due_at=None)
    for path in ("", f"/{office.dead}", "/trace?q=1", f"/trace?q={READER}", "?state=dead"):
        page.goto(f"/admin/pushes{path}")
        assert nameless(page) == [], path
        themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for theme in themes:
            page.emulate_media(color_scheme=theme)
            expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
            assert page.evaluate(_PALE) == [], (path, theme)


def _sign_in(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("Username").fill("boss")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
