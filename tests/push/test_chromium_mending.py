"""What can break in a real Chromium between pages, server and push service, and is mended without a word."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, Request, Route, expect

from tests.push.chromium import Permission
from tests.push.chromium_seat import (
    A_PAGE_WITHOUT_SCRIPTS,
    TEST,
    TURN_ON,
    Seat,
    Stage,
    button,
    seated,
    staged,
    wait_for_state,
)
from tests.push.product import eventually, product
from tests.server.running import free_port
from webpush_app.protocol import vapid_keys

pytestmark = [pytest.mark.browser, pytest.mark.desktop]

SUBSCRIBE_WITH = """async (applicationServerKey) => {
  await navigator.serviceWorker.register("/service_worker.js", { scope: "/" });
  const { pushManager } = await navigator.serviceWorker.ready;
  return (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey })).toJSON();
}"""
# As the tutorials' pages do it: they do not say which key it was, so the server takes it for its own.
POST = """async (subscription) => {
  const headers = { "Content-Type": "application/json" };
  await fetch("/api/push-subscriptions", { method: "POST", headers, body: JSON.stringify(subscription) });
}"""
GO_AT = "([url, at]) => { setTimeout(() => location.assign(url), at - Date.now()); }"
IN_A_MOMENT = "Date.now() + 700"
# Chromium has long done what it does with an answer of its push service.
ANSWERED_SECONDS = 0.5


@pytest.fixture(scope="module")
def stage(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(playwright, tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
def seat(stage: Stage) -> Iterator[Seat]:
    with seated(stage) as taken:
        yield taken


@pytest.mark.parametrize("is_posted", [False, True], ids=["unknown", "known to the server"])
def test_a_subscription_made_with_another_key_is_replaced(stage: Stage, seat: Seat, is_posted: bool) -> None:
    page, susan = _allowed(seat)
    wrong = page.evaluate(SUBSCRIBE_WITH, vapid_keys.generate().public)
    former = stage.backend.registrations[-1]
    if is_posted:
        page.evaluate(POST, wrong)
    assert [row.off_at for row in stage.product.subscriptions_of(susan)] == [None] * is_posted
    page.goto(f"{seat.address}/")
    wait_for_state(page, "on")
    [row] = stage.product.subscriptions_of(susan)
    assert (former.is_gone, row.endpoint != wrong["endpoint"]) == (True, True)
    _hears(seat, susan)


def test_a_browser_moves_over_when_the_server_has_got_another_key(stage: Stage, tmp_path: Path) -> None:
    stand_in, ca_file = stage.backend.stand_in, stage.backend.ca_file
    port = str(free_port())
    with product(tmp_path, stand_in, ca_file, PORT=port) as before:
        seat = Seat(replace(stage, product=before))
        page, susan = seat.subscribed("susan")
        former = seat.registration()
    with product(tmp_path, stand_in, ca_file, PORT=port, VAPID_PRIVATE_KEY=vapid_keys.generate().private_text) as after:
        seat.stage = replace(stage, product=after)
        after.newcomer("john").send(susan, "To the old subscription")
        eventually(lambda: [push.reason for push in after.pushes_to(susan)], ["other_key"])
        page.reload()
        wait_for_state(page, "on")
        assert (former.is_gone, len(after.subscriptions_of(susan))) == (True, 1)
        _hears(seat, susan)
        assert seat.texts() == ["Still there?"]
        seat.leave()


def test_a_test_that_finds_the_subscription_ended_renews_it(stage: Stage, seat: Seat) -> None:
    page, susan = seat.subscribed("susan")
    seat.registration().is_gone = True
    seat.expected_refusals = 1
    button(page, TEST).click()
    expect(page.get_by_text("It has been renewed: send the test again.")).to_be_visible(timeout=15_000)
    assert stage.backend.refusals[-1].status == 410
    button(page, TEST).click()
    seat.sees("It works", "Notifications from Webpush reach this browser.")
    assert [row.off_because for row in stage.product.subscriptions_of(susan)] == [None]


def test_tabs_that_are_opened_at_once_make_one_subscription(stage: Stage, seat: Seat) -> None:
    page, susan = _allowed(seat)
    tabs = [page, *(seat.open(A_PAGE_WITHOUT_SCRIPTS) for _ in range(3))]
    posts: list[Request] = []
    for tab in tabs:
        tab.on("request", lambda request: posts.append(request) if request.method == "POST" else None)
    count, at = len(stage.backend.registrations), page.evaluate(IN_A_MOMENT)
    for tab in tabs:
        tab.evaluate(GO_AT, [f"{seat.address}/", at])
    for tab in tabs:
        wait_for_state(tab, "on")
    assert (len(stage.backend.registrations), len(posts)) == (count + 1, 1)
    assert len(stage.product.subscriptions_of(susan)) == 1
    _hears(seat, susan)
    assert seat.texts() == ["Still there?"]


def test_a_page_that_is_left_while_it_subscribes_puts_nothing_out_of_use(stage: Stage, seat: Seat) -> None:
    """Chromium goes on subscribing for it. When that ends last, it takes the place of what the next page has got."""
    seat.permit(Permission.GRANTED)
    is_held, may_go = stage.backend.hold_next_registration()

    def let_the_first_one_end(route: Route) -> None:
        if route.request.method == "POST":  # so the second one has its subscription
            may_go.set()
            time.sleep(ANSWERED_SECONDS)
        route.continue_()

    page = seat.open("/login")
    assert is_held.wait(15)
    page.route("**/api/push-subscriptions", let_the_first_one_end)
    page.goto(f"{seat.address}/")
    wait_for_state(page, "on")
    assert stage.product.admin.broadcast("News", "We open at nine.")["audience_size"] == 1
    seat.sees("News", "We open at nine.")


def test_who_blocked_it_reads_how_to_undo_that_and_need_not_load_the_page_again(stage: Stage, seat: Seat) -> None:
    page, susan = seat.newcomer("susan")
    button(page, TURN_ON).click()
    seat.answer_question(page, Permission.DENIED)
    words = wait_for_state(page, "blocked")
    assert "Chrome Select the symbol left of the address" in words
    assert "crossed-out symbol" not in words  # Firefox's
    seat.permit(Permission.GRANTED)
    wait_for_state(page, "on")
    assert len(stage.product.subscriptions_of(susan)) == 1


def _allowed(seat: Seat) -> tuple[Page, str]:
    """Somebody who has said yes to the browser, and whom no script of the site has seen since."""
    page, susan = seat.newcomer("susan")
    wait_for_state(page, "ask")
    page.goto(f"{seat.address}{A_PAGE_WITHOUT_SCRIPTS}")
    seat.permit(Permission.GRANTED)
    return page, susan


def _hears(seat: Seat, susan: str) -> None:
    john = seat.stage.product.newcomer("john")
    john.send(susan, "Still there?")
    seat.sees(john.name, "Still there?")
