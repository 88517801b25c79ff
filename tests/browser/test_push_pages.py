"""What pages and the worker that shows pushes tell each other."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.devtools import PushButton, wait_until
from tests.browser.settling import (
    FROM_A_PAGE,
    NOTE_MESSAGES,
    button_in,
    items,
    nothing_shown,
    show,
    visit,
    when_heard,
)
from tests.browser.windows import WIDE, Windows
from tests.server.running import Server

pytestmark = pytest.mark.browser

WITHOUT_WORKER = """async (count) => {
  const set = [];
  navigator.setAppBadge = async (number) => { set.push(number); };
  navigator.clearAppBadge = async () => { set.push(0); };
  navigator.serviceWorker.getRegistration = async () => undefined;
  const { settleShown, forgetShown } = await import("/static/js/shown.js");
  await settleShown({ count, newest: 9, unread: [] });
  await forgetShown();
  return set;
}"""

SAID_TO_THE_WORKER = """
window.said = [];
ServiceWorker.prototype.postMessage = (message) => { window.said.push(message); };
"""


@pytest.fixture(scope="module")
def own_windows(site: Server, chromium: Browser) -> Iterator[Windows]:
    opened = Windows(chromium, site.url, WIDE)
    yield opened
    opened.close()
    assert opened.problems == []


@pytest.fixture(scope="module")
def only_button(own_windows: Windows) -> PushButton:
    return button_in(own_windows)


@pytest.fixture
def button(only_button: PushButton) -> Iterator[PushButton]:
    with nothing_shown(only_button) as clean:
        yield clean


def test_a_page_that_knows_what_was_read_has_it_closed(button: PushButton) -> None:
    show(button, 1, 2)
    button.page.evaluate(FROM_A_PAGE, ["settleShown", {"count": 1, "newest": 2, "unread": [2]}])
    assert items(when_heard(button)) == ["item 2"]
    assert button.ask("self.badges") == [1]


def test_who_leaves_leaves_nothing(button: PushButton) -> None:
    show(button, 1, 2)
    button.press('{"title": "no item"}')
    button.page.evaluate(FROM_A_PAGE, ["forgetShown", None])
    assert when_heard(button) == []
    assert button.ask("self.badges") == [0]


def test_odd_words_of_a_page_change_nothing(button: PushButton) -> None:
    show(button, 1)
    for odd in ("null", "5", "'forget'", "{}", "{ forget: 'yes' }", "{ forget: 1 }", "[{ forget: true }]"):
        button.page.evaluate(f"navigator.serviceWorker.ready.then(({{ active }}) => active.postMessage({odd}))")
    assert items(when_heard(button)) == ["item 1"]
    assert button.ask("self.badges") == []


def test_every_open_page_is_told_that_something_came(button: PushButton) -> None:
    other = button.page.context.new_page()
    visit(other)
    for page in (button.page, other):
        page.evaluate(NOTE_MESSAGES)
    button.press("Hello")
    for page in (button.page, other):
        wait_until(page, "window.told.length > 0")
        assert page.evaluate("window.told") == [{"pushed": True}]
    other.close()


def test_without_a_worker_the_page_writes_on_the_icon_itself(windows: Windows) -> None:
    page = windows.open()
    page.goto("/")
    assert page.evaluate(WITHOUT_WORKER, 4) == [4, 0]
    page.reload()
    assert page.evaluate(WITHOUT_WORKER, 0) == [0, 0]


def test_who_comes_after_somebody_else_has_their_own_number_on_the_icon(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    john.send(susan.name, "unread")
    page = susan.visit("/people")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.evaluate("localStorage.setItem('webpush-push-owner', '999999')")
    page.add_init_script(SAID_TO_THE_WORKER)
    page.reload()
    wait_until(page, "window.said.some(({ forget }) => forget) && window.said.at(-1).inbox?.count === 1")
