"""On a small telephone the card about notifications fits, whatever it says: every part of it is shown at once here, in
each language, light and dark."""

import pytest
from playwright.sync_api import expect

from tests.browser.windows import PHONE, Windows

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("viewport", [PHONE], ids=["phone"])]

LONG_ANSWER = "AbortError:" + "x" * 200
_SHOW_EVERYTHING = """(card, answer) => {
  for (const element of card.querySelectorAll("[data-push-said], [data-push-words]")) element.textContent = answer;
  for (const element of card.querySelectorAll("[hidden]")) element.hidden = false;
  card.querySelector("details").open = true;
}"""
_STICKING_OUT = """(card) => {
  const room = card.getBoundingClientRect();
  const outside = [...card.querySelectorAll("*")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.left < room.left || box.right > room.right || element.scrollWidth > element.clientWidth + 1;
  });
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) outside.push(page);
  return outside.filter((element) => element.clientWidth).map((element) => element.outerHTML.slice(0, 200));
}"""


@pytest.mark.parametrize("locale", ["en-US", "es-ES", "ko-KR", "zh-CN"])
def test_no_part_of_the_card_sticks_out_of_it(windows: Windows, locale: str) -> None:
    page = windows.open(locale=locale)
    page.goto("/")
    card = page.locator("[data-push-card]")
    expect(card.locator("[data-push-state=ask]")).to_be_visible()
    card.evaluate(_SHOW_EVERYTHING, LONG_ANSWER)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
        assert card.evaluate(_STICKING_OUT) == []
