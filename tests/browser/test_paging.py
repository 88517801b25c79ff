"""Long lists of messages: there and back by the links, with every message once."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.windows import Windows, both_sizes

pytestmark = pytest.mark.browser

TEXTS = [f"message {number}" for number in range(1, 46)]  # two full pages, and a third


@both_sizes
def test_received_messages_are_the_same_after_going_to_the_last_page_and_back(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    john.send(susan.name, *TEXTS)
    _expect_each_once_there_and_back(susan.visit("/messages"))


def test_a_conversation_is_paged_alike(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    john.send(susan.name, *TEXTS)
    _expect_each_once_there_and_back(john.visit(f"/messages/with/{susan.name}"))


def _expect_each_once_there_and_back(page: Page) -> None:
    expect(page.get_by_role("link", name="Newer")).to_have_count(0)
    there = [_texts(page), _follow(page, "Older"), _follow(page, "Older")]
    expect(page.get_by_role("link", name="Older")).to_have_count(0)
    assert [len(texts) for texts in there] == [20, 20, 5]
    assert [text for texts in there for text in texts] == TEXTS[::-1]
    back = [_texts(page), _follow(page, "Newer"), _follow(page, "Newer")]
    assert back == there[::-1]


def _follow(page: Page, link: str) -> list[str]:
    was_at = page.url
    page.get_by_role("link", name=link).click()
    page.wait_for_url(lambda url: url != was_at)
    return _texts(page)


def _texts(page: Page) -> list[str]:
    return page.locator("#messages .message-body").all_inner_texts()
