"""How many characters are left is counted as a person counts, and as the service does when the form arrives."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.windows import Windows, both_sizes
from webpush_app.text import count_characters

pytestmark = pytest.mark.browser

FAMILY = "👨‍👩‍👧‍👦"
# Each is one character to a person, and several code points.
ONE_EACH = [FAMILY, "🇪🇸", "👍🏽", "e\u0301", "\u1112\u1161\u11ab", "☝🏿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "n\u0303\u0323"]


@both_sizes
def test_the_counter_speaks_up_from_half_and_says_when_it_is_too_much(windows: Windows) -> None:
    page = _a_form(windows)
    for text, said in (
        ("x" * 69, ""),
        ("x" * 70, "Characters left: 70"),
        ("x" * 140, "Characters left: 0"),
        ("x" * 143, "Characters too many: 3"),
        ("x" * 138 + "\n\n", "Characters left: 2"),
        ("", ""),
    ):
        _field(page).fill(text)
        expect(_counter(page)).to_have_text(said)


def test_what_a_person_sees_as_one_character_counts_as_one(windows: Windows) -> None:
    page = _a_form(windows)
    for before, character in enumerate(ONE_EACH, start=100):
        assert count_characters(character) == 1
        _field(page).fill("x" * before + character)
        expect(_counter(page)).to_have_text(f"Characters left: {139 - before}")
        _field(page).fill("x" * 140 + character)
        expect(_counter(page)).to_have_text("Characters too many: 1")


def test_as_many_families_as_letters_fit_into_a_message(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    page = susan.visit(f"/send_message/{john.name}")
    _field(page).fill(FAMILY * 140)
    expect(_counter(page)).to_have_text("Characters left: 0")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your message has been sent.")).to_be_visible()
    expect(john.visit("/messages").locator(".message-body")).to_have_text(FAMILY * 140)


def test_the_counter_is_read_out_only_when_little_room_is_left(windows: Windows) -> None:
    page = _a_form(windows)
    for length, politeness in ((129, "off"), (130, "polite"), (150, "polite"), (80, "off")):
        _field(page).fill("x" * length)
        expect(_counter(page)).to_have_attribute("aria-live", politeness)


def test_the_profile_counts_what_one_writes_about_oneself(windows: Windows) -> None:
    page = windows.newcomer("susan").visit("/edit_profile")
    page.get_by_label("About me").fill(FAMILY * 141)
    expect(_counter(page)).to_have_text("Characters too many: 1")


def _a_form(windows: Windows) -> Page:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    return susan.visit(f"/send_message/{john.name}")


def _field(page: Page) -> Locator:
    return page.get_by_label("Message", exact=True)


def _counter(page: Page) -> Locator:
    return page.locator(".counter")
