"""Moments as people read them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from flask import Flask
from flask_babel import force_locale

from webpush_app import clock
from webpush_app.web.times import ago, day, in_words

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(app: Flask, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with app.test_request_context():
        yield


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(), "just now"),
        (timedelta(seconds=44), "just now"),
        (timedelta(seconds=-44), "just now"),
        (timedelta(seconds=45), "45 seconds ago"),
        (timedelta(seconds=72), "1 minute ago"),
        (timedelta(minutes=3), "3 minutes ago"),
        (timedelta(hours=2), "2 hours ago"),
        (timedelta(days=1, hours=6), "1 day ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=40), "1 month ago"),
        (timedelta(days=800), "2 years ago"),
        (timedelta(minutes=-3), "just now"),
    ],
)
def test_how_long_ago_in_words(passed: timedelta, words: str) -> None:
    assert in_words(NOW - passed) == words


@pytest.mark.parametrize(("locale", "words"), [("es", "hace 3 minutos"), ("ko", "3분 전"), ("zh", "3分钟前")])
def test_the_words_are_in_the_language_of_the_page(locale: str, words: str) -> None:
    with force_locale(locale):
        assert in_words(NOW - timedelta(minutes=3)) == words


def test_the_exact_moment_stands_beside_the_words() -> None:
    shown = ago(NOW - timedelta(minutes=3))
    assert re.fullmatch(r'<time datetime="2026-03-01T11:57:00\+00:00" title="[^"]+UTC" data-ago>[^<]+</time>', shown)
    assert "3 minutes ago" in shown
    assert "11:57" in shown


def test_the_zone_of_a_moment_makes_no_difference_to_the_words() -> None:
    elsewhere = (NOW - timedelta(minutes=3)).astimezone(timezone(timedelta(hours=9)))
    assert in_words(elsewhere) == "3 minutes ago"


@pytest.mark.parametrize("show", [ago, day, in_words])
def test_what_is_shown_is_text(show: Callable[[datetime], str]) -> None:
    assert isinstance(show(NOW), str)


def test_a_day_has_its_month_and_year() -> None:
    assert day(NOW) == "March 1, 2026"
