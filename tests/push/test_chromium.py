"""The whole way in a real Chromium: a person agrees, somebody writes, it is shown, a click opens the conversation.

Nothing of it is made up but the push service and the desktop, which stand in for Google's and for the person's own.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Playwright, expect

from tests.browser.windows import CAN_BE_HIDDEN
from tests.push.chromium import Permission, site_of, text_of
from tests.push.chromium_front import HOSTS
from tests.push.chromium_seat import (
    TEST,
    TURN_OFF,
    TURN_ON,
    Seat,
    Stage,
    button,
    seated,
    sign_out,
    staged,
    wait_for_state,
)
from tests.push.product import CONTACT, eventually

pytestmark = [pytest.mark.browser, pytest.mark.desktop]

MANY = [f"Number {number}" for number in range(1, 21)]


@pytest.fixture(scope="module")
def stage(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(playwright, tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def seat(stage: Stage) -> Iterator[Seat]:
    with seated(stage) as taken:
        yield taken


def test_a_question_that_is_dismissed_is_explained_and_can_be_asked_again(stage: Stage, seat: Seat) -> None:
    seat.permit(Permission.DEFAULT)
    page, susan = seat.newcomer("susan")
    assert "Hear of new messages at once?" in wait_for_state(page, "ask")
    dismissed = page.get_by_text("The question of your browser was closed without an answer.")
    expect(dismissed).to_be_hidden()
    assert not page.evaluate("isAsking()")
    button(page, TURN_ON).click()
    seat.answer_question(page, Permission.DEFAULT)
    expect(dismissed).to_be_visible()
    assert stage.product.subscriptions_of(susan) == []
    button(page, TURN_ON).click()
    seat.answer_question(page, Permission.GRANTED)
    assert "Notifications are on" in wait_for_state(page, "on")
    [row] = stage.product.subscriptions_of(susan)
    assert row.endpoint.endswith(f"/{seat.registration().token}")
    assert (urlsplit(row.endpoint).hostname in HOSTS, row.browser, row.off_at) == (True, "Chrome|Linux", None)


def test_a_message_is_shown_with_no_page_open_and_a_click_opens_its_conversation(stage: Stage, seat: Seat) -> None:
    _, susan = seat.subscribed("susan")
    stage.chromium.close_pages()
    john = stage.product.newcomer("john")
    john.send(susan, "Dinner at eight? 저녁 🍲")
    shown = seat.sees(john.name, "Dinner at eight? 저녁 🍲")
    assert site_of(shown) == urlsplit(seat.address).netloc
    push = stage.backend.received[-1]
    assert (push.urgency, push.claims.subject) == ("high", CONTACT)
    [message] = stage.product.messages_to(susan)
    assert message.read_at is None
    with stage.chromium.context.expect_page() as opened:
        stage.desktop.click(shown)
    opened.value.wait_for_url(f"{seat.address}/messages/with/{john.name}")
    expect(opened.value.locator(".bubble.theirs")).to_contain_text("Dinner at eight?")
    [message] = stage.product.messages_to(susan)
    assert message.read_at is not None


def test_two_messages_give_two_notifications(stage: Stage, seat: Seat) -> None:
    _, susan = seat.subscribed("susan")
    stage.chromium.close_pages()
    john = stage.product.newcomer("john")
    john.send(susan, "One", "Two")
    shown = [seat.sees(john.name, text) for text in ("One", "Two")]
    assert [one.is_visible for one in shown] == [True, True]
    assert len({one.id for one in shown}) == 2


def test_a_click_brings_the_open_conversation_up_to_date(stage: Stage, seat: Seat) -> None:
    other, susan = seat.subscribed("susan")
    john = stage.product.newcomer("john")
    stage.chromium.context.add_init_script(CAN_BE_HIDDEN)
    reading = seat.open(f"/messages/with/{john.name}")
    eventually(lambda: len(stage.product.looked_at_by(susan)), 1)
    reading.evaluate("setHidden(true)")  # a page without a screen is always shown, and what is looked at does not ring
    eventually(lambda: stage.product.looked_at_by(susan), [], 60.0)
    other.bring_to_front()
    count = len(stage.chromium.context.pages)
    john.send(susan, "Are you there?")
    stage.desktop.click(seat.sees(john.name, "Are you there?"))
    expect(reading.locator(".bubble.theirs")).to_contain_text("Are you there?")
    assert len(stage.chromium.context.pages) == count


def test_what_was_read_in_one_browser_is_closed_in_the_other_by_its_next_push(stage: Stage, seat: Seat) -> None:
    _, susan = seat.subscribed("susan")
    other = Seat(stage)  # no cookie, worker or subscription of the first one is there
    other.permit(Permission.GRANTED)
    page = other.open()
    other.sign_in(page, susan)
    wait_for_state(page, "on")
    stage.chromium.close_pages()
    john = stage.product.newcomer("john")
    both = sorted(urlsplit(each.address).netloc for each in (seat, other))
    john.send(susan, "First")
    eventually(lambda: _visible(stage), [(site, "First") for site in both])
    reading = seat.open(f"/messages/with/{john.name}")
    expect(reading.locator(".bubble.theirs")).to_contain_text("First")
    # What is looked at does not ring; a page that is closed while it says so may be heard in the wrong order.
    eventually(lambda: len(stage.product.looked_at_by(susan)), 1)
    stage.chromium.close_pages()
    eventually(lambda: stage.product.looked_at_by(susan), [], 60.0)
    john.send(susan, "Second")
    eventually(lambda: _visible(stage), [(site, "Second") for site in both])
    assert sorted(seat.texts()) == ["First", "First", "Second", "Second"]
    other.leave()


def test_a_click_on_a_broadcast_reads_it_unless_the_person_is_signed_out(stage: Stage, seat: Seat) -> None:
    _, susan = seat.subscribed("susan")
    stage.chromium.close_pages()
    for text in ("First", "Second"):
        stage.product.admin.broadcast("News", text, link="/people")
    first, second = (seat.sees("News", text) for text in ("First", "Second"))
    assert stage.product.broadcasts_read_by(susan) == []
    with stage.chromium.context.expect_page() as opened:
        stage.desktop.click(first)
    opened.value.wait_for_url(f"{seat.address}/people")
    eventually(lambda: len(stage.product.broadcasts_read_by(susan)), 1)
    stage.chromium.close_pages()
    stage.chromium.context.clear_cookies()
    with stage.chromium.context.expect_page() as opened:
        stage.desktop.click(second)
    opened.value.wait_for_load_state()
    assert len(stage.product.broadcasts_read_by(susan)) == 1


def test_a_test_tells_what_the_push_service_answered_and_is_shown(stage: Stage, seat: Seat) -> None:
    page, _ = seat.subscribed("susan")
    button(page, TEST).click()
    expect(page.get_by_text("The push service took it (answer 201). It appears in a moment.")).to_be_visible()
    seat.sees("It works", "Notifications from Webpush reach this browser.")


def test_what_is_turned_off_stays_off_until_it_is_turned_on(stage: Stage, seat: Seat) -> None:
    page, susan = seat.subscribed("susan")
    ended = seat.registration()
    button(page, TURN_OFF).click()
    wait_for_state(page, "off")
    assert ended.is_gone
    assert stage.product.subscriptions_of(susan) == []
    john = stage.product.newcomer("john")
    john.send(susan, "Nobody hears this")
    page.reload()
    wait_for_state(page, "off")
    assert (stage.product.subscriptions_of(susan), stage.product.pushes_to(susan)) == ([], [])
    button(page, TURN_ON).click()
    wait_for_state(page, "on")
    john.send(susan, "Welcome back")
    seat.sees(john.name, "Welcome back")
    assert seat.texts() == ["Welcome back"]


def test_who_signed_out_sees_nothing_more_and_an_anonymous_browser_hears_the_news(stage: Stage, seat: Seat) -> None:
    page, susan = seat.subscribed("susan")
    john = stage.product.newcomer("john")
    john.send(susan, "Before")
    before = seat.sees(john.name, "Before")
    sign_out(page)
    assert "off since you signed out" in wait_for_state(page, "signed-out")
    stage.desktop.wait_until_closed(before)
    stranger = Seat(stage)
    strange = stranger.open()
    assert "You need no account" in wait_for_state(strange, "ask")
    button(strange, TURN_ON).click()
    stranger.answer_question(strange, Permission.GRANTED)
    wait_for_state(strange, "on")
    received, queued = len(stage.backend.received), len(stage.product.pushes_to(susan))
    john.send(susan, *MANY)
    assert stage.product.admin.broadcast("News", "We open at nine.")["audience_size"] == 1
    shown = seat.sees("News", "We open at nine.")
    # What is personal goes first, so the messages would have been sent by now.
    assert (site_of(shown), seat.texts()) == (urlsplit(stranger.address).netloc, ["Before", "We open at nine."])
    assert len(stage.backend.received) == received + 1
    assert len(stage.product.pushes_to(susan)) == queued
    stranger.leave()


def test_who_signed_out_can_have_the_news_alone_and_gets_the_rest_back_by_signing_in(stage: Stage, seat: Seat) -> None:
    page, susan = seat.subscribed("susan")
    sign_out(page)
    wait_for_state(page, "signed-out")
    button(page, "Turn on news for everybody").click()
    wait_for_state(page, "on")
    assert stage.product.subscriptions_of(susan) == []
    john = stage.product.newcomer("john")
    john.send(susan, "Not for everybody")
    stage.product.admin.broadcast("News", "We open at ten.")
    seat.sees("News", "We open at ten.")
    seat.sign_in(page, susan)
    wait_for_state(page, "on")
    john.send(susan, "For Susan")
    seat.sees(john.name, "For Susan")
    assert seat.texts() == ["We open at ten.", "For Susan"]


def _visible(stage: Stage) -> list[tuple[str, str]]:
    """Where each is from, and what it says."""
    return sorted((site_of(shown), text_of(shown)) for shown in stage.desktop.visible)
