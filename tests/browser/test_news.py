"""What a page knows of its person's state: each piece is handed on once, and never an older one after a newer one."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.windows import Windows

pytestmark = pytest.mark.browser

# `take` is given the lists one after the other; `before`, where there is one, takes its time.
_KEEP = """async ({ lists, beforeMs }) => {
  const { keepNews } = await import("/static/js/news.js");
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const heard = [];
  const callbacks = { mood: (data) => heard.push(["mood", data]), count: (data) => heard.push(["count", data]) };
  const news = keepNews(100, callbacks, beforeMs === null ? null : () => wait(beforeMs));
  const isNews = lists.map((list) => news.take(list));
  await wait((beforeMs ?? 0) + 100);
  return { heard, isNews, since: news.since(), known: news.known() };
}"""

_NEVER = """async () => {
  const { keepNews } = await import("/static/js/news.js");
  const heard = new Promise((resolve) => {
    const news = keepNews(0, { count: (data) => resolve([data]) }, () => new Promise(() => null));
    news.take([{ name: "count", data: 1, timestamp: 1 }]);
  });
  return heard;
}"""


@pytest.fixture
def page(windows: Windows) -> Page:
    opened = windows.open()
    opened.goto("/login")
    return opened


def keep(page: Page, *lists: list[dict[str, Any]], before_ms: int | None = None) -> dict[str, Any]:
    kept: dict[str, Any] = page.evaluate(_KEEP, {"lists": list(lists), "beforeMs": before_ms})
    return kept


def piece(name: str, data: object, timestamp: float) -> dict[str, Any]:
    return {"name": name, "data": data, "timestamp": timestamp}


def test_each_piece_is_handed_on_once_in_its_order(page: Page) -> None:
    first, second = piece("count", 1, 101), piece("mood", "good", 102)
    kept = keep(page, [first, second], [second], [first, second])
    assert kept["heard"] == [["count", 1], ["mood", "good"]]
    assert kept["isNews"] == [True, False, False]
    assert kept["since"] == 102


def test_an_older_one_after_a_newer_one_of_its_name_is_nothing(page: Page) -> None:
    kept = keep(page, [piece("count", 2, 105)], [piece("count", 1, 104)])
    assert kept["heard"] == [["count", 2]]


def test_an_older_one_of_another_name_is_news(page: Page) -> None:
    kept = keep(page, [piece("count", 2, 105)], [piece("mood", "good", 104)])
    assert kept["heard"] == [["count", 2], ["mood", "good"]]
    assert kept["since"] == 105


def test_what_the_page_was_made_with_is_no_news(page: Page) -> None:
    kept = keep(page, [piece("count", 1, 100), piece("mood", "good", 99)])
    assert (kept["heard"], kept["since"]) == ([], 100)


def test_a_name_that_nobody_asks_for_is_known_all_the_same(page: Page) -> None:
    kept = keep(page, [piece("weather", "rain", 101)])
    assert (kept["heard"], kept["since"]) == ([], 101)
    assert kept["known"] == [piece("weather", "rain", 101)]


def test_what_is_overtaken_while_somebody_looks_at_it_is_not_handed_on(page: Page) -> None:
    kept = keep(page, [piece("count", 1, 101), piece("mood", "good", 102)], [piece("count", 0, 103)], before_ms=50)
    assert kept["heard"] == [["mood", "good"], ["count", 0]]


def test_who_looks_at_it_for_ever_is_not_waited_for(page: Page) -> None:
    assert page.evaluate(_NEVER) == [1]
