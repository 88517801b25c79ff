"""Pages of messages: newest first, each message on one page, and links both ways only where there is something."""

import re

import pytest

from tests.people import Browser, People


def _numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r"number (\d+)<", page)]


def _link(page: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return found.group(1) if found else None


@pytest.fixture
def john_id(susan: Browser, people: People) -> int:
    john_id = people("john")
    people.write(john_id, susan.user_id, *(f"number {n}" for n in range(45)))
    return john_id


@pytest.mark.parametrize(
    ("reader", "path"),
    [
        ("susan", "/messages"),
        ("susan", "/messages/with/john"),
        ("john", "/messages/sent"),
        ("john", "/messages/with/susan"),
    ],
)
@pytest.mark.usefixtures("john_id")
def test_older_leads_through_every_message_once_and_newer_leads_back(people: People, reader: str, path: str) -> None:
    browser = people.browser(reader)
    forth, seen, at = [path], [], path
    while True:
        page = browser.get(at).text
        seen += _numbers(page)
        following = _link(page, "next")
        if following is None:
            break
        forth.append(at := following)
    assert seen == list(range(44, -1, -1))
    assert len(forth) == 3
    back = _link(browser.get(forth[-1]).text, "prev")
    assert back == forth[1]
    assert _numbers(browser.get(back).text) == list(range(24, 4, -1))
    first = _link(browser.get(back).text, "prev")
    assert first is not None
    assert _link(browser.get(first).text, "prev") is None


@pytest.mark.usefixtures("john_id")
def test_both_sides_of_a_conversation_are_in_one_order(susan: Browser, people: People, john_id: int) -> None:
    people.write(susan.user_id, john_id, "number 100")
    people.write(john_id, susan.user_id, "number 101")
    assert _numbers(susan.get("/messages/with/john").text)[:3] == [101, 100, 44]
