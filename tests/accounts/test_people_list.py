"""The list of people: by name, a page at a time, and searched by a part of the name."""

import re

import pytest
from flask import Flask
from sqlalchemy import insert

from tests.conftest import AppMaker
from tests.people import Browser, People
from webpush_app import clock
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db


def _names(page: str) -> list[str]:
    return re.findall(r'data-card="/user/([^"/]+)/popup"', page)


def _crowd(app: Flask, *names: str) -> None:
    shared = {"password_hash": "x", "about_me": "", "is_admin": False, "created_at": clock.now()}
    with app.app_context():
        begin_write()
        rows = [{"username": name, "username_key": name.lower(), **shared} for name in names]
        db.session.execute(insert(User), rows)
        db.session.commit()


def test_everybody_is_listed_by_name_whatever_its_case(app: Flask, susan: Browser) -> None:
    _crowd(app, "Zoe", "adam", "Bea")
    page = susan.get("/people").text
    assert _names(page) == ["adam", "Bea", "susan", "Zoe"]
    assert page.count('<span class="tag">You</span>') == 1
    assert 'href="/send_message/adam"' in page
    assert 'href="/send_message/susan"' not in page


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("ann", ["ann", "Joanna", "ann_b"]),
        ("ANN", ["ann", "Joanna", "ann_b"]),
        (" joa ", ["Joanna"]),
        ("_", ["ann_b"]),
        ("n_b", ["ann_b"]),
        ("a__", []),
        ("%", []),
        ("%n", []),
        ("\\", []),
        ("/", []),
        ("'", []),
        ("a" * 500, []),
        ("수지", []),
        ("<script>", []),
    ],
)
def test_the_search_finds_a_part_of_the_name_and_takes_every_character_literally(
    app: Flask, susan: Browser, wanted: str, found: list[str]
) -> None:
    _crowd(app, "ann", "Joanna", "ann_b", "bert", "a-c")
    answer = susan.get("/people", query_string={"q": wanted})
    assert answer.status_code == 200
    assert sorted(_names(answer.text)) == sorted(found)
    assert ("Nobody by that name" in answer.text) == (not found)
    assert "<script>alert" not in answer.text


def test_an_empty_search_lists_everybody(susan: Browser) -> None:
    assert _names(susan.get("/people?q=").text) == ["susan"]
    assert _names(susan.get("/people?q=%20").text) == ["susan"]


def test_pages_hold_everybody_once_and_keep_the_search(make_app: AppMaker, password_hash: str) -> None:
    app = make_app(items_per_page=3)
    browser = People(app, password_hash).browser("susan")
    crowd = [f"crowd{number:02}" for number in range(7)]
    _crowd(app, *crowd)
    seen: list[str] = []
    path: str | None = "/people?q=crowd"
    while path:
        page = browser.get(path).text
        seen += _names(page)
        link = re.search(r'rel="next" href="([^"]+)"', page)
        path = link.group(1).replace("&amp;", "&") if link else None
        assert path is None or "q=crowd" in path
    assert seen == crowd


def test_a_full_last_page_has_no_next_one(make_app: AppMaker, password_hash: str) -> None:
    app = make_app(items_per_page=3)
    browser = People(app, password_hash).browser("susan")
    _crowd(app, "adam", "bea")
    assert 'class="pager"' not in browser.get("/people").text
    _crowd(app, "carl")
    assert 'rel="next" href="/people?page=2"' in browser.get("/people").text
    assert 'rel="prev" href="/people?page=1"' in browser.get("/people?page=2").text


@pytest.mark.parametrize("page", ["1", "01", "0000001"])
def test_the_first_page_is_there_even_when_nobody_is_found(susan: Browser, page: str) -> None:
    assert susan.get("/people", query_string={"page": page}).status_code == 200
    assert susan.get("/people", query_string={"page": page, "q": "nobody like this"}).status_code == 200
