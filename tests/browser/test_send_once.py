"""A form that is sent twice by an eager finger is taken once, and can be used again afterwards."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.windows import Windows
from tests.server.visitors import Visitor

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


def test_a_message_whose_answer_was_lost_is_stored_once_when_it_is_sent_again_from_the_same_page(
    windows: Windows,
) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    john.page.clock.install()
    page = john.visit(f"/send_message/{susan.name}")
    page.get_by_label("Message", exact=True).fill("once")
    _send_and_lose_the_answer(page, how="aborted")
    page.clock.run_for(PATIENCE_MS)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your message has been sent.")).to_be_visible()
    expect(john.visit("/messages/sent").locator(".message-body")).to_have_text(["once"])


def test_a_message_whose_answer_was_lost_is_stored_once_without_javascript_too(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john", java_script_enabled=False)
    page = john.visit(f"/send_message/{susan.name}")
    page.get_by_label("Message", exact=True).fill("once")
    _send_and_lose_the_answer(page, how="aborted")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your message has been sent.")).to_be_visible()
    expect(john.visit("/messages/sent").locator(".message-body")).to_have_text(["once"])


def test_a_message_whose_answer_was_lost_is_stored_once_when_its_draft_is_sent_from_a_form_opened_anew(
    windows: Windows,
) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    page = john.visit(f"/send_message/{susan.name}")
    page.get_by_label("Message", exact=True).fill("once")
    _send_and_lose_the_answer(page, how="connectionreset")
    page.wait_for_url("chrome-error://**")
    page.goto(f"/messages/with/{susan.name}")  # the conversation continues the same draft
    expect(page.get_by_label("Message", exact=True)).to_have_value("once")
    with page.expect_navigation():
        page.get_by_role("button", name="Send").click()
    expect(page.locator(".message-body")).to_have_text(["once"])
    # Said once more, from a form opened after that was answered, it is another message.
    page.get_by_label("Message", exact=True).fill("once")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".message-body")).to_have_text(["once", "once"])


def test_a_text_that_was_changed_after_the_answer_was_lost_is_stored_too(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    page = john.visit(f"/send_message/{susan.name}")
    page.get_by_label("Message", exact=True).fill("first")
    _send_and_lose_the_answer(page, how="connectionreset")
    page.wait_for_url("chrome-error://**")
    page.goto(f"/send_message/{susan.name}")
    page.get_by_label("Message", exact=True).fill("second")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your message has been sent.")).to_be_visible()
    expect(john.visit("/messages/sent").locator(".message-body")).to_have_text(["second", "first"])


def test_two_replies_in_a_row_are_both_stored(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    page = john.visit(f"/messages/with/{susan.name}")
    for count, text in enumerate(("first", "second"), start=1):
        page.get_by_label("Message", exact=True).fill(text)
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".message-body")).to_have_count(count)
    expect(page.locator(".message-body")).to_have_text(["second", "first"])


def _send_and_lose_the_answer(page: Page, *, how: str) -> None:
    """The message arrives, and the connection is cut before the browser has heard of it."""

    def cut(route: Route) -> None:
        request = route.request
        if request.method != "POST":
            return route.continue_()
        # Not by the browser, which would keep the answer's cookies.
        with Visitor(urlsplit(request.url).port or 80) as away:
            headers = {name: value for name, value in request.all_headers().items() if name != "host"}
            path = urlsplit(request.url).path
            assert away.ask("POST", path, request.post_data_buffer, headers).status == 302
        return route.abort(how)

    page.route("**/*", cut)
    with page.expect_event("requestfailed", lambda request: request.method == "POST"):
        page.get_by_role("button", name="Send").click()
    page.unroute_all()
