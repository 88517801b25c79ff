"""A Chromium whose worker tests give pushes with inboxes, and what is shown then."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, expect

from tests.browser.devtools import PushButton, Shown, wait_until
from tests.browser.windows import Windows

# So that the page lets a window be that cannot subscribe: in a private one Chromium has no push service.
TURNED_OFF = "localStorage.setItem('webpush-push-off', 'yes')"
# Headless there is no icon to look at.
NOTE_BADGES = """() => {
  self.badges = [];
  self.navigator.setAppBadge = async (count) => { self.badges.push(count); };
  self.navigator.clearAppBadge = async () => { self.badges.push(0); };
}"""
NOTE_MESSAGES = """() => {
  const isFirst = window.told === undefined;
  window.told = [];
  if (isFirst) navigator.serviceWorker.addEventListener("message", (event) => window.told.push(event.data));
}"""
FROM_A_PAGE = """async ([name, given]) => {
  const shown = await import("/static/js/shown.js");
  await shown[name](given);
}"""


def button_in(windows: Windows) -> PushButton:
    page = windows.open(permissions=["notifications"])
    page.add_init_script(TURNED_OFF)
    visit(page)
    return PushButton(page)


@contextmanager
def nothing_shown(button: PushButton) -> Iterator[PushButton]:
    """Neither before nor afterwards; and what is written on the icon is in `self.badges`."""
    button.ask(NOTE_BADGES)
    yield button
    button.close_all()


def visit(page: Page) -> None:
    page.goto("/")
    expect(page.locator("[data-push-card]")).to_have_attribute("data-push-now", "off")


def push(item: int, **inbox: object) -> str:
    return json.dumps({"title": f"item {item}", "tag": f"tag {item}", "item": item, "inbox": inbox})


def press(button: PushButton, item: int, **inbox: object) -> list[Shown]:
    button.press(push(item, **inbox))
    return button.settled()


def show(button: PushButton, *items: int) -> None:
    for item in items:
        button.press(json.dumps({"title": f"item {item}", "tag": f"tag {item}", "item": item}))


def when_heard(button: PushButton) -> list[Shown]:
    """When the worker has heard all that was said to it before."""
    button.page.evaluate(NOTE_MESSAGES)
    button.press(json.dumps({"title": "last", "tag": "last"}))
    wait_until(button.page, "window.told.length > 0")
    return [shown for shown in button.settled() if shown.title != "last"]


def items(shown: list[Shown]) -> list[str]:
    return sorted(each.title for each in shown)
