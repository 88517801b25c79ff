"""What a push, or a page, says of the inbox: the worker closes what was read elsewhere and nothing else, writes the
number on the icon, and tells open pages. Whatever is said, the push itself is shown."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.devtools import PushButton
from tests.browser.settling import (
    FROM_A_PAGE,
    button_in,
    items,
    nothing_shown,
    press,
    push,
    show,
    when_heard,
)
from tests.browser.windows import WIDE, Windows
from tests.server.running import Server

pytestmark = pytest.mark.browser

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


def test_what_was_read_is_closed_and_what_the_push_says_stays(button: PushButton) -> None:
    show(button, 1, 2, 3)
    assert items(press(button, 4, count=2, newest=4, unread=[4, 2])) == ["item 2", "item 4"]


def test_the_push_itself_stays_even_if_it_says_that_it_is_read(button: PushButton) -> None:
    show(button, 1)
    assert items(press(button, 2, count=0, newest=2, unread=[])) == ["item 2"]
    assert items(press(button, 3, count=1, newest=3, unread=[3])) == ["item 3"]


def test_what_came_later_than_what_was_counted_stays(button: PushButton) -> None:
    """Pushes overtake each other."""
    show(button, 8, 9)
    assert items(press(button, 5, count=1, newest=8, unread=[5])) == ["item 5", "item 9"]


def test_of_what_is_older_than_all_that_are_named_nothing_is_known_where_there_are_more(button: PushButton) -> None:
    show(button, 1, 11, 12)
    assert items(press(button, 20, count=9, newest=20, unread=[20, 12, 10])) == ["item 1", "item 12", "item 20"]
    assert items(press(button, 20, count=3, newest=20, unread=[20, 12, 10])) == ["item 12", "item 20"]


def test_where_none_are_named_and_some_are_unread_nothing_is_closed(button: PushButton) -> None:
    show(button, 1, 2)
    assert items(press(button, 3, count=3, newest=3, unread=[])) == ["item 1", "item 2", "item 3"]


def test_what_is_about_no_item_is_never_closed(button: PushButton) -> None:
    button.press('{"title": "no item"}')
    for odd in ("null", '"1"', "0", "-1", "1.5", "[1]"):
        button.press(f'{{"title": "no item", "item": {odd}}}')
    assert items(press(button, 2, count=0, newest=2, unread=[])) == ["item 2"] + ["no item"] * 7


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
    show(button, 1)
    button.press(json.dumps({"title": "item 2", "item": 2, "inbox": inbox}))
    assert items(button.settled()) == ["item 1", "item 2"]
    assert button.ask("self.badges") == []
    button.page.evaluate(FROM_A_PAGE, ["settleShown", inbox])
    assert items(when_heard(button)) == ["item 1", "item 2"]
    assert button.ask("self.badges") == []


def test_the_icon_has_the_number_of_unread_ones(button: PushButton) -> None:
    for count in (3, 0, 120):
        press(button, 9, count=count, newest=9, unread=[9])
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
    show(button, 1)
    button.ask(f"() => {{ {trouble}; }}")
    try:
        assert items(press(button, 2, count=1, newest=2, unread=[2])) == ["item 2"]
        assert items(press(button, 3, count=2, newest=3, unread=[3, 2])) == ["item 2", "item 3"]
    finally:
        button.ask("() => { delete self.clients.matchAll; }")


@pytest.mark.parametrize("answer", ["new Promise(() => {})", "Promise.reject(new Error('not now'))"])
def test_a_browser_that_does_not_say_what_it_shows_keeps_no_push_from_being_shown(
    button: PushButton, answer: str
) -> None:
    button.ask(f"() => {{ self.registration.getNotifications = () => {answer}; }}")
    try:
        button.press(push(1, count=1, newest=1, unread=[1]))
        assert items(button.press(push(2, count=1, newest=1, unread=[2]))) == ["item 1", "item 2"]
    finally:
        button.ask("() => { delete self.registration.getNotifications; }")


def test_many_at_once_are_all_shown_and_none_is_forgotten(button: PushButton) -> None:
    unread = list(range(20, 0, -1))
    shown = button.press_together([push(item, count=20, newest=20, unread=unread) for item in range(1, 21)])
    assert len(shown) == 20
    assert items(press(button, 21, count=1, newest=21, unread=[21])) == ["item 21"]


def test_it_is_never_asked_what_is_shown_while_something_is_being_shown(button: PushButton) -> None:
    """Chromium would forget what is being shown, and often most of the others with it."""
    button.ask(NOTE_OVERLAPS)
    try:
        button.press_together([push(item, count=1, newest=item, unread=[item]) for item in range(1, 11)])
        assert button.ask("self.overlaps") == []
    finally:
        button.ask("() => self.noteNoMore()")


def test_one_that_replaces_another_of_the_same_tag_stays_one(button: PushButton) -> None:
    for item in (1, 2, 3):
        said = {"title": f"item {item}", "tag": "one", "item": item}
        button.press(json.dumps({**said, "inbox": {"count": 1, "newest": item, "unread": [item]}}))
        assert items(button.settled()) == [f"item {item}"]
