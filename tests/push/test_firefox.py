"""The whole way in a real Firefox: a person agrees, somebody writes, the notification is shown, a click opens the page.

Nothing of it is made up but the push service and the desktop, which stand in for Mozilla's and for the person's own.
"""

from collections.abc import Iterator

import pytest

from tests.push.autopush import HOST
from tests.push.firefox_seat import CARD, TEST, TURN_OFF, TURN_ON, Seat, Stage, seated, staged, wait_for_state
from tests.push.product import CONTACT, eventually

pytestmark = pytest.mark.firefox

MANY = [f"Number {number}" for number in range(1, 21)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("firefox-product")) as opened:
        yield opened


@pytest.fixture
def seat(stage: Stage) -> Iterator[Seat]:
    with seated(stage) as taken:
        yield taken


def test_a_newcomer_is_asked_by_us_and_only_after_the_click_by_the_browser(stage: Stage, seat: Seat) -> None:
    tab, susan = seat.newcomer("susan")
    assert "Hear of new messages at once?" in wait_for_state(tab, "ask")
    assert (tab.evaluate("Notification.permission"), stage.firefox.is_asking) == ("default", False)
    tab.click(TURN_ON)
    tab.wait_for(f"document.querySelector('{CARD}').innerText.includes('Your browser asks you now')")
    assert stage.product.subscriptions_of(susan) == []
    stage.firefox.answer_prompt(is_allowed=True)
    assert "Notifications are on" in wait_for_state(tab, "on")
    [row] = stage.product.subscriptions_of(susan)
    assert (row.endpoint, row.browser, row.off_at) == (stage.autopush.registrations[-1].endpoint, "Firefox|Linux", None)


def test_a_message_is_shown_with_no_page_open_and_a_click_opens_its_conversation(stage: Stage, seat: Seat) -> None:
    tab, susan = seat.subscribed("susan")
    tab.close()
    john = stage.product.newcomer("john")
    john.send(susan, "Dinner at eight? 저녁 🍲")
    shown = seat.sees(john.name, "Dinner at eight? 저녁 🍲")
    push = stage.autopush.received[-1]
    assert (push.urgency, push.claims.subject, push.claims.audience) == ("high", CONTACT, f"https://{HOST}")
    [message] = stage.product.messages_to(susan)
    assert (stage.firefox.tabs(), message.read_at) == ([], None)
    stage.desktop.click(shown)
    opened = stage.firefox.wait_for_tab(f"/messages/with/{john.name}")
    opened.wait_for("document.querySelector('.bubble.theirs')?.innerText.includes('Dinner at eight?')")
    [message] = stage.product.messages_to(susan)
    assert message.read_at is not None


def test_a_click_brings_the_open_conversation_to_the_front_with_the_new_message(stage: Stage, seat: Seat) -> None:
    other, susan = seat.subscribed("susan")
    john = stage.product.newcomer("john")
    reading = seat.open(f"/messages/with/{john.name}")
    other.come_to_front()
    reading.wait_for("document.visibilityState === 'hidden'")
    john.send(susan, "Are you there?")
    stage.desktop.click(seat.sees(john.name, "Are you there?"))
    reading.wait_for("document.visibilityState === 'visible'")
    reading.wait_for("document.querySelector('.bubble.theirs')?.innerText.includes('Are you there?')")
    assert len(stage.firefox.tabs()) == 2


def test_signing_out_ends_it_and_the_same_person_gets_it_back_by_signing_in(stage: Stage, seat: Seat) -> None:
    tab, susan = seat.subscribed("susan")
    john = stage.product.newcomer("john")
    john.send(susan, "Before")
    shown = seat.sees(john.name, "Before")
    sent = len(stage.autopush.received)
    with stage.product.worker_held():
        john.send(susan, "Too late")
        seat.sign_out(tab)
    assert "off since you signed out" in wait_for_state(tab, "signed-out")
    stage.desktop.wait_until_closed(shown)
    john.send(susan, *MANY)
    eventually(lambda: [push.state for push in stage.product.pushes_to(susan)], ["accepted", "dropped"])
    assert stage.product.pushes_to(susan)[-1].reason == "browser_signed_out"
    seat.sign_in(tab, susan)
    wait_for_state(tab, "on")
    assert not stage.firefox.is_asking
    john.send(susan, "After")
    seat.sees(john.name, "After")
    assert [one.body for one in stage.desktop.shown] == ["Before", "After"]
    assert len(stage.autopush.received) == sent + 1


def test_the_browser_moves_to_the_next_person_who_signs_in(stage: Stage, seat: Seat) -> None:
    tab, susan = seat.subscribed("susan")
    seat.sign_out(tab)
    wait_for_state(tab, "signed-out")
    mary = seat.register(tab, "mary")
    wait_for_state(tab, "on")
    assert [len(stage.product.subscriptions_of(name)) for name in (susan, mary)] == [0, 1]
    john = stage.product.newcomer("john")
    john.send(susan, *MANY)
    john.send(mary, "For Mary")
    seat.sees(john.name, "For Mary")
    assert [one.body for one in stage.desktop.shown] == ["For Mary"]
    assert stage.product.pushes_to(susan) == []


def test_a_test_tells_what_the_push_service_answered_and_is_shown(stage: Stage, seat: Seat) -> None:
    tab, _ = seat.subscribed("susan")
    tab.click(TEST)
    words = f"document.querySelector('{CARD} [data-push-words]').innerText"
    tab.wait_for(f"{words} === 'The push service took it (answer 201). It appears in a moment.'")
    shown = stage.desktop.wait_for(1)
    assert (shown.title, shown.body) == ("It works", "Notifications from Webpush reach this browser.")


def test_what_is_turned_off_stays_off_until_it_is_turned_on(stage: Stage, seat: Seat) -> None:
    tab, susan = seat.subscribed("susan")
    registration = stage.autopush.registrations[-1]
    tab.click(TURN_OFF)
    wait_for_state(tab, "off")
    stage.autopush.wait_until_unregistered(registration)
    assert stage.product.subscriptions_of(susan) == []
    john = stage.product.newcomer("john")
    john.send(susan, "Nobody hears this")
    tab.reload()
    wait_for_state(tab, "off")
    wait_for_state(seat.open(), "off")
    assert (stage.product.subscriptions_of(susan), stage.product.pushes_to(susan)) == ([], [])
    tab.come_to_front()
    tab.click(TURN_ON)
    wait_for_state(tab, "on")
    john.send(susan, "Welcome back")
    seat.sees(john.name, "Welcome back")
    assert len(stage.desktop.shown) == 1


def test_a_subscription_that_the_browser_lost_is_renewed_with_no_page_open(stage: Stage, seat: Seat) -> None:
    tab, susan = seat.subscribed("susan")
    tab.close()
    lost, count = stage.autopush.registrations[-1], len(stage.autopush.registrations)
    [row] = stage.product.subscriptions_of(susan)
    stage.autopush.drop_subscription(lost)
    renewed = stage.autopush.wait_for_registration(count + 1)
    # The same row goes on, and with it what is on the way to it.
    wanted = [(row.id, renewed.endpoint)]
    eventually(lambda: [(row.id, row.endpoint) for row in stage.product.subscriptions_of(susan)], wanted)
    john = stage.product.newcomer("john")
    john.send(susan, "Still there?")
    seat.sees(john.name, "Still there?")


def test_a_subscription_that_was_lost_unnoticed_is_renewed_when_a_page_is_opened(stage: Stage, seat: Seat) -> None:
    tab, susan = seat.subscribed("susan")
    lost = "navigator.serviceWorker.ready.then((it) => it.pushManager.getSubscription()).then((it) => it.unsubscribe())"
    tab.evaluate(lost)
    tab.reload()
    wait_for_state(tab, "on")
    john = stage.product.newcomer("john")
    john.send(susan, "Still there?")
    seat.sees(john.name, "Still there?")
    # The page has told the server of the old one too: nothing is sent there in vain.
    assert [row.off_because for row in stage.product.subscriptions_of(susan)] == [None]
    assert seat.refused() == []


def test_a_subscription_that_the_push_service_ended_is_renewed_when_a_page_is_opened(stage: Stage, seat: Seat) -> None:
    tab, susan = seat.subscribed("susan")
    ended = stage.autopush.registrations[-1]
    stage.autopush.mailbox.unregister(ended.browser, ended.channel)
    john = stage.product.newcomer("john")
    john.send(susan, "Lost")
    eventually(lambda: [row.off_because for row in stage.product.subscriptions_of(susan)], ["gone"])
    assert seat.refused() == [410]
    tab.reload()
    wait_for_state(tab, "on")
    john.send(susan, "Found")
    seat.sees(john.name, "Found")
    assert [row.off_because for row in stage.product.subscriptions_of(susan)] == [None]


def test_who_blocks_it_reads_how_to_undo_that_in_firefox(stage: Stage, seat: Seat) -> None:
    tab, susan = seat.newcomer("susan")
    wait_for_state(tab, "ask")
    tab.click(TURN_ON)
    stage.firefox.answer_prompt(is_allowed=False)
    words = wait_for_state(tab, "blocked")
    assert "Notifications are blocked" in words
    assert "Firefox Select the crossed-out symbol left of the address" in words
    assert "Site settings" not in words  # Chrome's
    stage.firefox.set_permission(seat.address, "granted")
    wait_for_state(tab, "on")  # seen at once, without a reload
    assert len(stage.product.subscriptions_of(susan)) == 1


def test_a_stranger_gets_the_news_and_nobodys_messages(stage: Stage, seat: Seat) -> None:
    tab = seat.open()
    assert "You need no account" in wait_for_state(tab, "ask")
    seat.turn_on(tab)
    [row] = stage.product.subscriptions_of(None)
    john, mary = stage.product.newcomer("john"), stage.product.newcomer("mary")
    john.send(mary.name, "For Mary alone")
    assert stage.product.admin.broadcast("News", "We open at nine.")["audience_size"] == 1
    seat.sees("News", "We open at nine.")
    assert [push.endpoint for push in stage.autopush.received[-1:]] == [row.endpoint]
    assert [one.body for one in stage.desktop.shown] == ["We open at nine."]
    mary_too = seat.register(tab, "mary")
    wait_for_state(tab, "on")
    john.send(mary_too, "Welcome")
    seat.sees(john.name, "Welcome")
    assert [row.id for row in stage.product.subscriptions_of(mary_too)] == [row.id]
