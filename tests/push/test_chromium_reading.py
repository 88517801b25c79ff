"""What is read in one browser is settled in the others while their pages are open; what is looked at does not ring."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.push.chromium import Permission
from tests.push.chromium_seat import Seat, Stage, seated, staged, wait_for_state
from tests.push.product import eventually
from webpush_app.delivery.models import State

pytestmark = [pytest.mark.browser, pytest.mark.desktop]

SOON_MS = 15_000
# A poll is due after a second. The clock of Playwright is that of all pages of a browser.
NEVER_LATER = """
const later = window.setTimeout;
window.setTimeout = (work, ms, ...more) => later(work, ms >= 900 ? 3_600_000 : ms, ...more);
"""
WAYS = {"socket": "true", "polling": "false"}


@pytest.fixture(scope="module", params=list(WAYS))
def stage(
    request: pytest.FixtureRequest, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    settings = {"INTEGRATE_SOCKETIO": WAYS[request.param], "POLL_SECONDS": "1"}
    with staged(playwright, tmp_path_factory.mktemp(f"reading-{request.param}"), **settings) as opened:
        yield opened


@pytest.fixture
def seat(stage: Stage) -> Iterator[Seat]:
    with seated(stage) as taken:
        yield taken


@pytest.fixture
def other(stage: Stage, seat: Seat) -> Iterator[Seat]:
    """Another browser: no cookie, worker or subscription of the first one is there."""
    taken = Seat(stage)
    yield taken
    taken.leave()


def _sit_down(seat: Seat, name: str) -> Page:
    seat.permit(Permission.GRANTED)
    page = seat.open()
    seat.sign_in(page, name)
    wait_for_state(page, "on")
    return page


def _shown(stage: Stage) -> int:
    return len(stage.desktop.visible)


def test_a_shown_notification_disappears_when_it_is_read_in_another_browser(
    stage: Stage, seat: Seat, other: Seat
) -> None:
    page, susan = seat.subscribed("susan")
    elsewhere = _sit_down(other, susan)
    john = stage.product.newcomer("john")
    john.send(susan, "First", "Second")
    eventually(lambda: _shown(stage), 4, timeout=30)
    for each in (page, elsewhere):
        expect(each.locator("#notification_count .number")).to_have_text("4", timeout=SOON_MS)  # with two new devices
    reading = seat.open(f"/messages/with/{john.name}")
    expect(reading.locator(".bubble.theirs")).to_have_count(2)
    eventually(lambda: _shown(stage), 0, timeout=30)
    for each in (page, elsewhere):
        expect(each.locator("#message_count")).to_be_hidden(timeout=SOON_MS)
        expect(each.locator("#notification_count .number")).to_have_text("2", timeout=SOON_MS)


def test_one_that_is_marked_as_read_in_the_inbox_disappears_alone(stage: Stage, seat: Seat, other: Seat) -> None:
    page, susan = seat.subscribed("susan")
    _sit_down(other, susan)
    john, mary = stage.product.newcomer("john"), stage.product.newcomer("mary")
    john.send(susan, "Of John")
    mary.send(susan, "Of Mary")
    eventually(lambda: _shown(stage), 4, timeout=30)
    page.goto(f"{seat.address}/inbox")
    page.get_by_role("button", name=f"Mark as read: {john.name}").click()
    eventually(lambda: sorted(_texts(stage)), ["Of Mary", "Of Mary"], timeout=30)


def _texts(stage: Stage) -> list[str]:
    return [shown.body.rpartition("\n\n")[2] for shown in stage.desktop.visible]


def test_a_conversation_that_is_looked_at_rings_in_no_browser(stage: Stage, seat: Seat, other: Seat) -> None:
    page, susan = seat.subscribed("susan")
    _sit_down(other, susan)
    stage.chromium.close_pages()
    john = stage.product.newcomer("john")
    page = seat.open(f"/messages/with/{john.name}")
    eventually(lambda: len(stage.product.looked_at_by(susan)), 1)
    john.send(susan, "Do you see this?")
    expect(page.get_by_text("Do you see this?")).to_be_visible(timeout=SOON_MS)
    ends = [(str(State.DROPPED), "read_already")] * 2
    eventually(lambda: [(push.state, push.reason) for push in stage.product.pushes_to(susan)], ends, timeout=30)
    assert seat.texts() == []


def test_a_conversation_in_a_page_that_was_left_rings(stage: Stage, seat: Seat) -> None:
    page, susan = seat.subscribed("susan")
    john = stage.product.newcomer("john")
    page.goto(f"{seat.address}/messages/with/{john.name}")
    eventually(lambda: len(stage.product.looked_at_by(susan)), 1)
    page.goto(f"{seat.address}/people")
    eventually(lambda: len(stage.product.looked_at_by(susan)), 0)
    john.send(susan, "Are you still there?")
    seat.sees(john.name, "Are you still there?")


def test_a_page_looks_for_news_when_its_own_worker_gets_a_push(stage: Stage, seat: Seat) -> None:
    """It waits for ever until it asks by itself, so that nothing but the push, or the socket, can tell it."""
    page, susan = seat.subscribed("susan")
    page.add_init_script(NEVER_LATER)
    page.goto(f"{seat.address}/people")
    john = stage.product.newcomer("john")
    john.send(susan, "Look!")
    seat.sees(john.name, "Look!")
    expect(page.locator("#message_count .number")).to_have_text("1", timeout=SOON_MS)
