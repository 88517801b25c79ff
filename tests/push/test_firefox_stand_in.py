"""The stand-in for Firefox's push service and the desktop are true to a real Firefox: no part of ours is in this."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.push import certificate
from tests.push.autopush import CANNOT_DECRYPT, HOST, Autopush, State, autopush
from tests.push.certificate import Certificate
from tests.push.desktop import Desktop, desktop
from tests.push.firefox import Firefox, PageError, Permission, Tab, firefox
from tests.push.firefox_site import Sender, site

pytestmark = [pytest.mark.firefox, pytest.mark.desktop]

HELLO = {"title": "Hello", "body": "A message", "data": "/read"}


@dataclass
class Stage:
    desktop: Desktop
    autopush: Autopush
    firefox: Firefox
    paper: Certificate
    sender: Sender

    def subscribed(self, url: str) -> tuple[Tab, dict[str, Any]]:
        tab = self.firefox.open(f"{url}/")
        return tab, tab.evaluate(f"subscribe('{self.sender.key}')")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("firefox")
    paper = certificate.make(folder, [HOST, "127.0.0.1"])
    with desktop(folder) as shown, autopush(paper) as service, firefox(folder, service, shown) as browser:
        yield Stage(shown, service, browser, paper, Sender(service, paper))


@pytest.fixture
def url(stage: Stage) -> Iterator[str]:
    """A site of the test's own, whose tabs are closed at the end."""
    with site() as address:
        yield address
        for tab in stage.firefox.tabs():
            tab.close()
    for shown in stage.desktop.visible:
        stage.desktop.close(shown)
    stage.desktop.shown.clear()


def test_a_push_is_shown_with_no_tab_open_and_a_click_opens_the_page(stage: Stage, url: str) -> None:
    tab, subscription = stage.subscribed(url)
    tab.close()
    assert stage.sender.push(subscription, HELLO, Urgency="high") == 201
    shown = stage.desktop.wait_for(1)
    assert (shown.title, shown.body) == ("Hello", "A message")
    push = stage.autopush.received[-1]
    assert (push.endpoint, push.ttl_seconds, push.urgency) == (subscription["endpoint"], 60, "high")
    assert stage.autopush.wait_until_acknowledged(push) == 100
    assert stage.firefox.tabs() == []
    stage.desktop.click(shown)
    assert stage.firefox.wait_for_tab("/read").url == f"{url}/read"


def test_a_click_can_bring_an_open_tab_to_the_front(stage: Stage, url: str) -> None:
    reading = stage.firefox.open(f"{url}/read")
    _, subscription = stage.subscribed(url)
    assert reading.evaluate("document.visibilityState") == "hidden"
    stage.sender.push(subscription, HELLO)
    stage.desktop.click(stage.desktop.wait_for(1))
    reading.wait_for("document.visibilityState === 'visible'")
    assert len(stage.firefox.tabs()) == 2


def test_a_button_reaches_the_worker(stage: Stage, url: str) -> None:
    tab, subscription = stage.subscribed(url)
    actions = [{"action": "mark", "title": "Mark as read"}, {"action": "mute", "title": "Mute"}]
    stage.sender.push(subscription, {**HELLO, "actions": actions})
    shown = stage.desktop.wait_for(1)
    assert shown.buttons()[:2] == ["Mark as read", "Mute"]
    stage.desktop.click(shown, "Mute")
    tab.wait_for("noted().then((notes) => notes.includes('mute'))")


def test_closing_it_reaches_the_worker(stage: Stage, url: str) -> None:
    tab, subscription = stage.subscribed(url)
    stage.sender.push(subscription, HELLO)
    stage.desktop.close(stage.desktop.wait_for(1))
    tab.wait_for("noted().then((notes) => notes.includes('closed'))")


def test_the_same_tag_replaces_it(stage: Stage, url: str) -> None:
    _, subscription = stage.subscribed(url)
    for title in ("First", "Second"):
        stage.sender.push(subscription, {**HELLO, "title": title, "tag": "one"})
        stage.desktop.wait_for(lambda shown, title=title: shown.title == title)  # type: ignore[misc]
    assert [shown.title for shown in stage.desktop.visible] == ["Second"]


def test_a_page_can_close_what_is_shown(stage: Stage, url: str) -> None:
    tab, subscription = stage.subscribed(url)
    stage.sender.push(subscription, HELLO)
    shown = stage.desktop.wait_for(1)
    registration = "navigator.serviceWorker.ready"
    tab.evaluate(f"{registration}.then((it) => it.getNotifications()).then((all) => all.forEach((one) => one.close()))")
    stage.desktop.wait_until_closed(shown)


def test_a_wrongly_signed_push_is_refused(stage: Stage, url: str) -> None:
    _, subscription = stage.subscribed(url)
    somebody_else = Sender(stage.autopush, stage.paper)
    assert somebody_else.push(subscription, HELLO) == 403
    assert stage.sender.push(subscription, HELLO, Authorization="") == 401
    assert stage.sender.push(subscription, HELLO, TTL="soon") == 400
    assert stage.sender.send(subscription["endpoint"], bytes(5000)) == 413
    assert [refusal.status for refusal in stage.autopush.refusals[-4:]] == [403, 401, 400, 413]
    assert [push for push in stage.autopush.received if push.endpoint == subscription["endpoint"]] == []


def test_what_cannot_be_decrypted_is_not_shown(stage: Stage, url: str) -> None:
    _, subscription = stage.subscribed(url)
    assert stage.sender.send(subscription["endpoint"], bytes(200)) == 201
    assert stage.autopush.wait_until_acknowledged(stage.autopush.received[-1]) == CANNOT_DECRYPT
    assert stage.desktop.shown == []


def test_an_ended_subscription_is_gone(stage: Stage, url: str) -> None:
    tab, subscription = stage.subscribed(url)
    registration = stage.autopush.registrations[-1]
    tab.evaluate("unsubscribe()")
    stage.autopush.wait_until_unregistered(registration)
    assert stage.sender.push(subscription, HELLO) == 410
    assert stage.sender.push({**subscription, "endpoint": subscription["endpoint"] + "x"}, HELLO) == 404


def test_what_is_sent_while_it_is_away_waits_and_a_topic_replaces(stage: Stage, url: str) -> None:
    _, subscription = stage.subscribed(url)
    with stage.autopush.unreachable():
        for title in ("First", "Second"):
            assert stage.sender.push(subscription, {**HELLO, "title": title}, Topic="same") == 201
        assert stage.sender.push(subscription, {**HELLO, "title": "Short-lived"}, TTL="1") == 201
        time.sleep(1.1)
        assert stage.desktop.shown == []
    assert stage.desktop.wait_for(1).title == "Second"
    stage.autopush.wait_until_acknowledged(stage.autopush.received[-2])
    assert [push.state for push in stage.autopush.received[-3:]] == [State.REPLACED, State.ACKNOWLEDGED, State.EXPIRED]


def test_a_lost_subscription_is_told_to_the_worker(stage: Stage, url: str) -> None:
    tab, subscription = stage.subscribed(url)
    stage.autopush.drop_subscription(stage.autopush.registrations[-1])
    tab.wait_for("noted().then((notes) => notes.includes('changed'))")
    assert tab.evaluate("subscription()") is None
    assert stage.sender.push(subscription, HELLO) == 410
    renewed = tab.evaluate(f"subscribe('{stage.sender.key}')")
    assert renewed["endpoint"] != subscription["endpoint"]
    assert stage.sender.push(renewed, HELLO) == 201
    stage.desktop.wait_for(1)


def test_nobody_subscribes_where_notifications_are_blocked(stage: Stage, url: str) -> None:
    stage.firefox.set_permission(url, "denied")
    tab = stage.firefox.open(f"{url}/")
    with pytest.raises(PageError, match="NotAllowedError"):
        tab.evaluate(f"subscribe('{stage.sender.key}')")


def test_a_person_is_asked_and_what_they_allowed_outlives_a_restart(stage: Stage, url: str, tmp_path: Path) -> None:
    with firefox(tmp_path, stage.autopush, stage.desktop, Permission.ASKS) as first_start:
        tab = first_start.open(f"{url}/")
        tab.click("#ask")
        first_start.answer_prompt(is_allowed=True)
        tab.wait_for("document.title === 'granted'")
        subscription = tab.evaluate(f"subscribe('{stage.sender.key}')")
    assert stage.sender.push(subscription, HELLO) == 201
    with firefox(tmp_path, stage.autopush, stage.desktop, Permission.ASKS):
        assert stage.desktop.wait_for(1).title == "Hello"
