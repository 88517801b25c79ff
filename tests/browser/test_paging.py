"""Long lists of messages: there and back by the links, with every message once."""

import pytest
from playwright.sync_api import Page

from tests.browser.windows import Windows, both_sizes

pytestmark = [pytest.mark.browser, both_sizes]

TEXTS = [f"message {number}" for number in range(1, 46)]  # two full pages, and a third


def test_the_messages_are_the_same_after_going_to_the_last_page_and_back(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    john.send(susan.name, *TEXTS)
    newest_first = TEXTS[::-1]
    for reader, path in (
        (susan, "/messages"),
        (susan, f"/messages/with/{john.name}"),
        (john, "/messages/sent"),
        (john, f"/messages/with/{susan.name}"),
    ):
        page = reader.visit(path)
        assert page.get_by_role("link", name="Newer").count() == 0
        there = [_texts(page), _follow(page, "Older"), _follow(page, "Older")]
        assert page.get_by_role("link", name="Older").count() == 0
        assert [len(texts) for texts in there] == [20, 20, 5]
        assert sum(there, []) == newest_first
        back = [_texts(page), _follow(page, "Newer"), _follow(page, "Newer")]
        assert back == there[::-1]


def _follow(page: Page, link: str) -> list[str]:
    was_at = page.url
    page.get_by_role("link", name=link).click()
    page.wait_for_url(lambda url: url != was_at)
    return _texts(page)


def _texts(page: Page) -> list[str]:
    return page.locator("#messages .message-body").all_inner_texts()
