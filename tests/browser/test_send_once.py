"""A form that is sent twice by an eager finger is taken once, and can be used again afterwards."""

import pytest
from playwright.sync_api import expect

from tests.browser.windows import Windows

pytestmark = pytest.mark.browser

PATIENCE_MS = 10_000


def test_a_double_click_on_send_stores_one_message(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    page = john.visit(f"/send_message/{susan.name}")
    page.get_by_label("Message", exact=True).fill("only once")
    page.get_by_role("button", name="Send").dblclick()
    expect(page.get_by_text("Your message has been sent.")).to_be_visible()
    expect(john.visit("/messages/sent").locator(".message-body")).to_have_text(["only once"])
    expect(susan.visit("/messages").locator(".message-body")).to_have_text(["only once"])


def test_a_message_whose_sending_was_stopped_can_be_sent_again(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    john.page.clock.install()
    page = john.visit(f"/send_message/{susan.name}")
    page.route("**/send_message/*", lambda route: route.abort("aborted"))  # as by the browser's button to stop
    page.get_by_label("Message", exact=True).fill("at last")
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Send").click()
    page.unroute_all()
    page.clock.run_for(PATIENCE_MS)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your message has been sent.")).to_be_visible()
    expect(susan.visit("/messages").locator(".message-body")).to_have_text(["at last"])


def test_two_replies_in_a_row_are_both_stored(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    page = john.visit(f"/messages/with/{susan.name}")
    for count, text in enumerate(("first", "second"), start=1):
        page.get_by_label("Message", exact=True).fill(text)
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".message-body")).to_have_count(count)
    expect(page.locator(".message-body")).to_have_text(["second", "first"])
