"""Text as people see it: how long it is, and what in it is no text."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webpush_app import text

FAMILY = "👨‍👩‍👧‍👦"
# The longest in use: a kiss of two people, each with a colour of skin; and a flag of tags.
LONGEST = ["👩🏽‍❤️‍💋‍👩🏿", "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "🏳️‍⚧️"]


@pytest.mark.parametrize(
    ("given_text", "count"),
    [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        ("e\u0301", 1),
        ("e\u0301\u0323", 1),
        ("수지", 2),
        ("\u1109\u116e", 1),
        ("你好", 2),
        ("مرحبا", 5),
        ("नमस्ते", 3),
        (FAMILY, 1),
        (FAMILY * 3, 3),
        ("👍🏽", 1),
        ("🇰🇷🇪🇸", 2),
        ("a\nb", 3),
        ("a\r\nb", 3),
        *((one, 1) for one in LONGEST),
    ],
)
def test_characters_are_counted_as_a_person_counts_them(given_text: str, count: int) -> None:
    assert text.count_characters(given_text) == count


@pytest.mark.parametrize(
    ("typed", "tidy"),
    [
        ("", ""),
        (" \t\n x \n", "x"),
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("e\u0301", "é"),
        ("a  b", "a  b"),
        ("\u3000수지\u3000", "수지"),
        ("ﬁ ①", "ﬁ ①"),
    ],
)
def test_one_text_has_one_form(typed: str, tidy: str) -> None:
    assert text.tidy(typed) == tidy


@pytest.mark.parametrize(
    "blank", ["", " ", "\n\t\r", "\u00a0\u3000", "\u200b\u200d\ufeff\u2060", "\u00ad", "\u202e", "\0"]
)
def test_what_cannot_be_seen_is_blank(blank: str) -> None:
    assert text.is_blank(blank)


@pytest.mark.parametrize("filler", ["\u3164", "\u115f\u1160", "\uffa0", "\u2800", "\u034f", "\ufe0f"])
def test_fillers_that_are_drawn_as_nothing_are_blank(filler: str) -> None:
    assert text.is_blank(filler)


@pytest.mark.parametrize("seen", ["x", " x ", ".", "수", "👍", "\u200bx", "0", "-"])
def test_what_can_be_seen_is_not_blank(seen: str) -> None:
    assert not text.is_blank(seen)


@pytest.mark.parametrize(
    "plain", ["", "é", "e\u0301\u0323\u0302", "x" * 1000, FAMILY * 100, "นี้", "ק\u05bc\u05b8", *LONGEST]
)
def test_what_languages_need_is_not_overloaded(plain: str) -> None:
    assert not text.is_overloaded(plain)


@pytest.mark.parametrize("stacked", ["e" + "\u0301" * 16, "ok " + "a" + "\u0489" * 100 + " ok", "👍" + "\u200d👍" * 20])
def test_marks_stacked_to_break_a_page_are_overloaded(stacked: str) -> None:
    assert text.is_overloaded(stacked)


@pytest.mark.parametrize("control", ["\0", "a\x07", "\x1b[31m", "\x7f", "\x85", "\ud800", "a\udfff"])
def test_control_characters_are_found(control: str) -> None:
    assert text.has_control_characters(control)


@pytest.mark.parametrize("plain", ["", "a\nb\tc\r", "é수👍", "\u200d", "\u202e"])
def test_line_breaks_and_tabs_are_text(plain: str) -> None:
    assert not text.has_control_characters(plain)


@settings(database=None, deadline=None)
@given(st.text())
def test_tidying_twice_changes_nothing_more(typed: str) -> None:
    tidy = text.tidy(typed)
    assert text.tidy(tidy) == tidy
    assert tidy == tidy.strip()
    assert "\r" not in tidy
    assert unicodedata.is_normalized("NFC", tidy)


@settings(database=None, deadline=None)
@given(st.text())
def test_there_are_never_more_characters_than_code_points(typed: str) -> None:
    count = text.count_characters(typed)
    assert count <= len(typed)
    assert (count == 0) == (typed == "")


@settings(database=None, deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_of_plain_letters_each_is_a_character(typed: str) -> None:
    assert text.count_characters(typed) == len(typed)
    assert not text.is_overloaded(typed)
    assert not text.has_control_characters(typed)
