"""What a push, or a page, says of the inbox: the worker closes what was read elsewhere and nothing else, writes the
number on the icon, and tells open pages. Whatever is said, the push itself is shown."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.devtools import PushButton, Shown
from tests.browser.windows import WIDE, Windows
from tests.server.running import Server

pytestmark = pytest.mark.browser

# So that the page lets a window be that cannot subscribe: in a private one Chromium has no push service.
TURNED_OFF = "localStorage.setItem('webpush-push-off', 'yes')"
# Headless there is no icon to look at.
NOTE_BADGES = """() => {
  self.badges = [];
  self.navigator.setAppBadge = async (count) => { self.badges.push(count); };
  self.navigator.clearAppBadge = async () => { self.badges.push(0); };
}"""
NOTE_OVERLAPS = """() => {
  const { registration } = self;
  const before = ["showNotification", "getNotifications"].map((name) => [name, registration[name]]);
  let isBusy = null;
  self.overlaps = [];
  for (const [name, work] of before) {
    registration[name] = async (...given) => {
      if (isBusy) self.overlaps.push(`${name} during ${isBusy}`);
      isBusy = name;
      const answer = await work.apply(registration, given);
      isBusy = null;
      return answer;
    };
  }
  self.noteNoMore = () => Object.assign(registration, Object.fromEntries(before));
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


@pytest.fixture(scope="module")
def own_windows(site: Server, chromium: Browser) -> Iterator[Windows]:
    opened = Windows(chromium, site.url, WIDE)
    yield opened
    opened.close()
    assert opened.problems == []


@pytest.fixture(scope="module")
def only_button(own_windows: Windows) -> PushButton:
    page = own_windows.open(permissions=["notifications"])
    page.add_init_script(TURNED_OFF)
    _visit(page)
    return PushButton(page)


@pytest.fixture
def button(only_button: PushButton) -> Iterator[PushButton]:
    only_button.ask(NOTE_BADGES)
    yield only_button
    only_button.close_all()


def test_what_was_read_is_closed_and_what_the_push_says_stays(button: PushButton) -> None:
    _show(button, 1, 2, 3)
    assert _items(_press(button, 4, count=2, newest=4, unread=[4, 2])) == ["item 2", "item 4"]


def test_the_push_itself_stays_even_if_it_says_that_it_is_read(button: PushButton) -> None:
    _show(button, 1)
    assert _items(_press(button, 2, count=0, newest=2, unread=[])) == ["item 2"]
    assert _items(_press(button, 3, count=1, newest=3, unread=[3])) == ["item 3"]


def test_what_came_later_than_what_was_counted_stays(button: PushButton) -> None:
    """Pushes overtake each other."""
    _show(button, 8, 9)
    assert _items(_press(button, 5, count=1, newest=8, unread=[5])) == ["item 5", "item 9"]


def test_of_what_is_older_than_all_that_are_named_nothing_is_known_where_there_are_more(button: PushButton) -> None:
    _show(button, 1, 11, 12)
    assert _items(_press(button, 20, count=9, newest=20, unread=[20, 12, 10])) == ["item 1", "item 12", "item 20"]
    assert _items(_press(button, 20, count=3, newest=20, unread=[20, 12, 10])) == ["item 12", "item 20"]


def test_where_none_are_named_and_some_are_unread_nothing_is_closed(button: PushButton) -> None:
    _show(button, 1, 2)
    assert _items(_press(button, 3, count=3, newest=3, unread=[])) == ["item 1", "item 2", "item 3"]


def test_what_is_about_no_item_is_never_closed(button: PushButton) -> None:
    button.press('{"title": "no item"}')
    for odd in ("null", '"1"', "0", "-1", "1.5", "[1]"):
        button.press(f'{{"title": "no item", "item": {odd}}}')
    assert _items(_press(button, 2, count=0, newest=2, unread=[])) == ["item 2"] + ["no item"] * 7


ODD_LISTS: list[object] = [None, "", 0, {}, [None], ["1"], [-1], [0], [1e300]]


@pytest.mark.parametrize(
    "inbox",
    [
        *(None, 5, "all", [], {}, True),
        *({"count": odd, "newest": 9, "unread": []} for odd in (None, "0", -1, 0.5, 1e300, [0], True)),
        *({"count": 0, "newest": odd, "unread": []} for odd in (None, "9", -1, 9.5, 2**53, [9], True)),
        *({"count": 0, "newest": 9, "unread": odd} for odd in ODD_LISTS),
    ],
    ids=repr,
)
def test_an_inbox_of_another_shape_changes_nothing_and_the_push_is_shown(button: PushButton, inbox: Any) -> None:
    _show(button, 1)
    button.press(json.dumps({"title": "item 2", "item": 2, "inbox": inbox}))
    assert _items(button.settled()) == ["item 1", "item 2"]
    assert button.ask("self.badges") == []
    button.page.evaluate(FROM_A_PAGE, ["settleShown", inbox])
    assert _items(_when_heard(button)) == ["item 1", "item 2"]
    assert button.ask("self.badges") == []


def test_the_icon_has_the_number_of_unread_ones(button: PushButton) -> None:
    for count in (3, 0, 120):
        _press(button, 9, count=count, newest=9, unread=[9])
    button.press('{"title": "no inbox"}')
    assert button.ask("self.badges") == [3, 0, 120]


@pytest.mark.parametrize(
    "trouble",
    [
        "self.navigator.setAppBadge = () => { throw new Error('no icon'); }",
        "self.navigator.setAppBadge = () => Promise.reject(new Error('no icon'))",
        "self.navigator.setAppBadge = () => new Promise(() => {})",
        "self.navigator.setAppBadge = undefined",
        "self.clients.matchAll = () => Promise.reject(new Error('no windows'))",
    ],
)
def test_whatever_else_fails_the_push_is_shown_and_what_was_read_is_closed(button: PushButton, trouble: str) -> None:
    _show(button, 1)
    button.ask(f"() => {{ {trouble}; }}")
    try:
        assert _items(_press(button, 2, count=1, newest=2, unread=[2])) == ["item 2"]
        assert _items(_press(button, 3, count=2, newest=3, unread=[3, 2])) == ["item 2", "item 3"]
    finally:
        button.ask("() => { delete self.clients.matchAll; }")


@pytest.mark.parametrize("answer", ["new Promise(() => {})", "Promise.reject(new Error('not now'))"])
def test_a_browser_that_does_not_say_what_it_shows_keeps_no_push_from_being_shown(
    button: PushButton, answer: str
) -> None:
    button.ask(f"() => {{ self.registration.getNotifications = () => {answer}; }}")
    try:
        button.press(_push(1, count=1, newest=1, unread=[1]))
        assert _items(button.press(_push(2, count=1, newest=1, unread=[2]))) == ["item 1", "item 2"]
    finally:
        button.ask("() => { delete self.registration.getNotifications; }")


def test_many_at_once_are_all_shown_and_none_is_forgotten(button: PushButton) -> None:
    unread = list(range(20, 0, -1))
    shown = button.press_together([_push(item, count=20, newest=20, unread=unread) for item in range(1, 21)])
    assert len(shown) == 20
    assert _items(_press(button, 21, count=1, newest=21, unread=[21])) == ["item 21"]


def test_it_is_never_asked_what_is_shown_while_something_is_being_shown(button: PushButton) -> None:
    """Chromium would forget what is being shown, and often most of the others with it."""
    button.ask(NOTE_OVERLAPS)
    try:
        button.press_together([_push(item, count=1, newest=item, unread=[item]) for item in range(1, 11)])
        assert button.ask("self.overlaps") == []
    finally:
        button.ask("() => self.noteNoMore()")


def test_one_that_replaces_another_of_the_same_tag_stays_one(button: PushButton) -> None:
    for item in (1, 2, 3):
        push = {"title": f"item {item}", "tag": "one", "item": item}
        button.press(json.dumps({**push, "inbox": {"count": 1, "newest": item, "unread": [item]}}))
        assert _items(button.settled()) == [f"item {item}"]


def test_a_page_that_knows_what_was_read_has_it_closed(button: PushButton) -> None:
    _show(button, 1, 2)
    button.page.evaluate(FROM_A_PAGE, ["settleShown", {"count": 1, "newest": 2, "unread": [2]}])
    assert _items(_when_heard(button)) == ["item 2"]
    assert button.ask("self.badges") == [1]


def test_who_leaves_leaves_nothing(button: PushButton) -> None:
    _show(button, 1, 2)
    button.press('{"title": "no item"}')
    button.page.evaluate(FROM_A_PAGE, ["forgetShown", None])
    assert _when_heard(button) == []
    assert button.ask("self.badges") == [0]


def test_odd_words_of_a_page_change_nothing(button: PushButton) -> None:
    _show(button, 1)
    for odd in ("null", "5", "'forget'", "{}", "{ forget: 'yes' }", "{ forget: 1 }", "[{ forget: true }]"):
        button.page.evaluate(f"navigator.serviceWorker.ready.then(({{ active }}) => active.postMessage({odd}))")
    assert _items(_when_heard(button)) == ["item 1"]
    assert button.ask("self.badges") == []


def test_every_open_page_is_told_that_something_came(button: PushButton) -> None:
    other = button.page.context.new_page()
    _visit(other)
    for page in (button.page, other):
        page.evaluate(NOTE_MESSAGES)
    button.press("Hello")
    for page in (button.page, other):
        page.wait_for_function("window.told.length > 0")
        assert page.evaluate("window.told") == [{"pushed": True}]
    other.close()


def test_without_a_worker_the_page_writes_on_the_icon_itself(windows: Windows) -> None:
    page = windows.open()
    page.goto("/")
    assert page.evaluate(WITHOUT_WORKER, 4) == [4, 0]
    page.reload()
    assert page.evaluate(WITHOUT_WORKER, 0) == [0, 0]


def _visit(page: Page) -> None:
    page.goto("/")
    expect(page.locator("[data-push-card]")).to_have_attribute("data-push-now", "off")


def _push(item: int, **inbox: object) -> str:
    return json.dumps({"title": f"item {item}", "tag": f"tag {item}", "item": item, "inbox": inbox})


def _press(button: PushButton, item: int, **inbox: object) -> list[Shown]:
    button.press(_push(item, **inbox))
    return button.settled()


def _show(button: PushButton, *items: int) -> None:
    for item in items:
        button.press(json.dumps({"title": f"item {item}", "tag": f"tag {item}", "item": item}))


def _when_heard(button: PushButton) -> list[Shown]:
    """When the worker has heard all that was said to it before."""
    button.page.evaluate(NOTE_MESSAGES)
    button.press(json.dumps({"title": "last", "tag": "last"}))
    button.page.wait_for_function("window.told.length > 0")
    return [shown for shown in button.settled() if shown.title != "last"]


def _items(shown: list[Shown]) -> list[str]:
    return sorted(each.title for each in shown)
