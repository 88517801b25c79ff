"""What was typed and not sent is there again; what was sent, or given up by signing out, is not."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.windows import Person, Windows, fill_in_sign_in

pytestmark = pytest.mark.browser

TEXT = "A long thought,\nin two lines"


@pytest.mark.parametrize("form", ["/send_message/{}", "/messages/with/{}"], ids=["message", "reply"])
def test_a_text_survives_a_session_that_was_ended_elsewhere(windows: Windows, form: str) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    page = susan.visit(form.format(john.name))
    _field(page).fill(TEXT)
    windows.sign_out_elsewhere(susan)
    _send(page)
    expect(page.get_by_text("Please sign in first.")).to_be_visible()
    fill_in_sign_in(page, susan.name)
    page.wait_for_url(f"**{form.format(john.name)}")
    expect(_field(page)).to_have_value(TEXT)
    _send(page)
    expect(john.visit("/messages").locator(".message-body")).to_have_text(TEXT, use_inner_text=True)


def test_a_text_survives_leaving_the_form_and_a_reload(windows: Windows) -> None:
    page, form = _a_form(windows)
    _field(page).fill(TEXT)
    page.reload()
    expect(_field(page)).to_have_value(TEXT)
    page.goto("/people")
    page.goto(form)
    expect(_field(page)).to_have_value(TEXT)


def test_a_text_is_kept_for_its_recipient_alone(windows: Windows) -> None:
    page, _ = _a_form(windows)
    _field(page).fill(TEXT)
    page.goto(f"/send_message/{windows.newcomer('mary').name}")
    expect(_field(page)).to_have_value("")


def test_a_text_survives_a_service_that_was_away_when_it_was_sent(windows: Windows) -> None:
    page, form = _a_form(windows)
    _field(page).fill(TEXT)
    page.route("**/*", lambda route: route.abort("connectionrefused"))
    with page.expect_event("requestfailed", lambda request: request.method == "POST"):
        _send(page)
    page.wait_for_url("chrome-error://**")
    page.unroute_all()
    page.goto(form)
    expect(_field(page)).to_have_value(TEXT)


def test_after_a_message_was_sent_the_form_is_empty(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    form = f"/send_message/{john.name}"
    susan.send_by_the_form(john.name, TEXT)
    expect(_field(susan.visit(form))).to_have_value("")
    page = susan.visit(f"/messages/with/{john.name}")
    _field(page).fill(TEXT)
    _send(page)
    expect(page.locator(".message-body")).to_have_count(2)
    expect(_field(page)).to_have_value("")


def test_a_text_that_was_refused_stays_in_the_form(windows: Windows) -> None:
    page, form = _a_form(windows)
    _field(page).fill("x" * 141)
    _send(page)
    expect(_field(page)).to_have_attribute("aria-invalid", "true")
    expect(_field(page)).to_have_value("x" * 141)
    page.goto(form)
    expect(_field(page)).to_have_value("x" * 141)


def test_signing_out_forgets_what_was_typed(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    form = f"/send_message/{john.name}"
    page = susan.visit(form)
    _field(page).fill(TEXT)
    _sign_out(susan)
    assert page.evaluate("Object.keys(sessionStorage)") == []
    page.goto(form)
    fill_in_sign_in(page, susan.name)
    page.wait_for_url(f"**{form}")
    expect(_field(page)).to_have_value("")


def _a_form(windows: Windows) -> tuple[Page, str]:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    form = f"/send_message/{john.name}"
    return susan.visit(form), form


def _field(page: Page) -> Locator:
    return page.get_by_label("Message", exact=True)


def _send(page: Page) -> None:
    page.get_by_role("button", name="Send").click()


def _sign_out(person: Person) -> None:
    person.page.locator(".menu summary").click()
    person.page.get_by_role("button", name="Sign out").click()
    expect(person.page.get_by_text("You are signed out.")).to_be_visible()
