"""Numbers of pages in every list, and how a list is cut into them."""

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.people import Browser
from webpush_app.errors import NotFound
from webpush_app.web.guards import page_number
from webpush_app.web.paging import cut, window

NUMBERS = ["0", "-1", "abc", "1e3", "99999999", "1000001", "", "１", "١", "²", " 1", "+1", "1.0", "0x1", "9" * 4000]
NUMBERS += ["1 ", "null", "１２", "1' OR 1=1", "1,2"]


@pytest.mark.parametrize("path", ["/people", "/messages", "/messages/sent", "/messages/with/john"])
def test_no_list_has_a_page_of_such_a_number(susan: Browser, john: Browser, path: str) -> None:
    for number in [*NUMBERS, "2", "1000000"]:
        answer = susan.get(path, query_string={"page": number})
        assert answer.status_code == 404, number
        assert "There is no such page." in answer.text
    assert susan.get(path, query_string={"page": "1"}).status_code == 200


@pytest.mark.parametrize(("given_number", "number"), [("1", 1), ("7", 7), ("007", 7), ("1000000", 1_000_000)])
def test_a_plain_number_is_the_page(app: Flask, given_number: str, number: int) -> None:
    with app.test_request_context(f"/people?page={given_number}"):
        assert page_number() == number


def test_without_a_number_it_is_the_first_page(app: Flask) -> None:
    with app.test_request_context("/people"):
        assert page_number() == 1
    with app.test_request_context("/people?page=2&page=x"):
        assert page_number() == 2


@pytest.mark.parametrize("number", NUMBERS)
def test_whatever_is_no_number_is_a_page_that_does_not_exist(app: Flask, number: str) -> None:
    with app.test_request_context("/people", query_string={"page": number}), pytest.raises(NotFound):
        page_number()


@settings(database=None, deadline=None)
@given(st.integers(0, 60), st.integers(1, 20))
def test_every_row_is_on_one_page_and_only_the_last_has_no_next(count: int, size: int) -> None:
    rows, number = list(range(count)), 1
    seen: list[int] = []
    while True:
        offset, limit = window(number, size)
        page = cut(rows[offset : offset + limit], number, size)
        seen += page.items
        assert (page.has_prev, page.prev_num, page.next_num) == (number > 1, number - 1, number + 1)
        if not page.has_next:
            break
        assert len(page.items) == size
        number += 1
    assert seen == rows
    assert number == max(1, -(-count // size))
