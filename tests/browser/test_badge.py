"""The number beside "Messages": it follows what happens elsewhere, in every open page of the person."""

import pytest
from playwright.sync_api import expect

from tests.browser.windows import WITHIN_A_POLL_MS, Windows, badge_of, both_sizes

pytestmark = pytest.mark.browser


@both_sizes
def test_a_message_raises_the_badge_of_an_open_page_within_a_poll(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    susan.visit("/people").evaluate("window.isStillTheSamePage = true")
    expect(susan.badge).to_be_hidden()
    john.send_by_the_form(susan.name, "Hello, Susan!")
    expect(susan.badge).to_have_text("1 unread", timeout=WITHIN_A_POLL_MS)
    expect(susan.badge).to_be_visible()
    assert susan.page.evaluate("window.isStillTheSamePage")
    john.send_by_the_form(susan.name, "Are you there?")
    expect(susan.badge).to_have_text("2 unread", timeout=WITHIN_A_POLL_MS)
    expect(john.badge).to_be_hidden()


@both_sizes
def test_reading_clears_the_badge_here_and_in_the_other_tab_within_a_poll(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    john.send(susan.name, "one", "two")
    other_tab = susan.context.new_page()
    other_tab.goto("/")
    expect(badge_of(other_tab)).to_have_text("2 unread")
    expect(other_tab.get_by_text("Unread messages are waiting for you.")).to_be_visible()
    susan.visit("/messages")
    expect(susan.badge).to_be_hidden()
    expect(badge_of(other_tab)).to_be_hidden(timeout=WITHIN_A_POLL_MS)
    expect(other_tab.get_by_text("Nothing new is waiting for you.")).to_be_visible()


@both_sizes
def test_set_message_count_sets_and_hides_the_badge(windows: Windows) -> None:
    susan = windows.newcomer("susan")
    page = susan.visit("/")
    for given, shown in ((5, "5 unread"), ("12", "12 unread"), (1234, "1234 unread")):
        page.evaluate("n => window.set_message_count(n)", given)
        expect(susan.badge).to_be_visible()
        expect(susan.badge).to_have_text(shown)
    for nothing in (0, -3, None, "many"):
        page.evaluate("window.set_message_count(1)")
        page.evaluate("n => window.set_message_count(n)", nothing)
        expect(susan.badge).to_be_hidden()


def test_set_message_count_does_no_harm_where_nobody_is_signed_in(windows: Windows) -> None:
    page = windows.open()
    page.goto("/")
    page.evaluate("window.set_message_count(3)")
    expect(badge_of(page)).to_have_count(0)
