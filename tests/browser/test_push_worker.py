"""The worker that shows pushes, as a browser runs it: each push shows something, whatever it says. Pushes come by the
button of DevTools here; those that come over the wire are tested where a push service is at hand."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.devtools import PushButton, Shown
from tests.browser.windows import WIDE, Windows
from tests.server.running import Server

pytestmark = pytest.mark.browser

# So that the page lets a window be that cannot subscribe: in a private one Chromium has no push service.
TURNED_OFF = "localStorage.setItem('webpush-push-off', 'yes')"
_REGISTRATIONS = """async () => {
  await navigator.serviceWorker.ready;
  const all = await navigator.serviceWorker.getRegistrations();
  return all.map((one) => [new URL(one.scope).pathname, one.updateViaCache]);
}"""
_REGISTER = """async (workerUrl) => {
  const { pushKey, pushApi } = document.body.dataset;
  return await window.registerServiceWorker(workerUrl, pushKey, pushApi);
}"""
_ONLY_ACTIVE = """async () => {
  const registration = await navigator.serviceWorker.getRegistration("/");
  while (registration.installing || registration.waiting || registration.active?.state !== "activated") {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return new URL(registration.active.scriptURL).pathname;
}"""


@pytest.fixture(scope="module")
def own_windows(site: Server, chromium: Browser) -> Iterator[Windows]:
    """One for all pushes: what a push shows does not hang on what was shown before it."""
    opened = Windows(chromium, site.url, WIDE)
    yield opened
    opened.close()
    assert opened.problems == []


@pytest.fixture(scope="module")
def button(own_windows: Windows) -> PushButton:
    return PushButton(_allowing_page(own_windows))


@pytest.fixture(autouse=True)
def _nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "button" in request.fixturenames:
        request.getfixturevalue("button").close_all()


def test_our_own_json_is_shown_with_all_it_says(button: PushButton) -> None:
    moment = 1_700_000_000_000
    push = {
        "title": "susan",
        "body": "Grüße\n안녕 👍🏽",
        "url": "/messages/with/susan",
        "tag": "message-7",
        "lang": "ko",
        "timestamp": moment,
    }
    shown = button.shows(json.dumps(push))
    assert (shown.title, shown.body, shown.tag, shown.lang) == ("susan", push["body"], "message-7", "ko")
    assert (shown.url, shown.timestamp) == ("/messages/with/susan", moment)
    assert shown.icon.endswith("/static/icons/icon-192.png")
    assert shown.badge.endswith("/static/icons/badge-96.png")


def test_the_pictures_of_a_notification_are_there(button: PushButton) -> None:
    shown = button.shows("A picture")
    for address in (shown.icon, shown.badge):
        answer = button.page.request.get(address)
        assert (answer.status, answer.headers["content-type"]) == (200, "image/png")


def test_a_push_without_a_text_is_shown_untitled(button: PushButton) -> None:
    _expect(button.shows(""), "Untitled", "")


@pytest.mark.parametrize(
    "texts",
    [
        ["Hello from DevTools", "x", "  spaced  ", "one\ntwo", "x" * 5000, "안녕 👨‍👩‍👧‍👦"],
        ["[]", '["a", "b"]', '[{"title": "in a list"}]', '"a text"', "5", "true", "null"],
        ['{"title": "cut o', "{", "{'title': 'not JSON'}", '{"title": "twice"}{"title": "twice"}', "\\u0000"],
    ],
    ids=["plain text", "JSON that is no object", "broken JSON"],
)
def test_what_is_not_our_json_is_the_text_of_an_untitled_one(button: PushButton, texts: list[str]) -> None:
    for text in texts:
        _expect(button.shows(text), "Untitled", text)


@pytest.mark.parametrize("title", ["", "   ", "\n", None, 5, True, ["A"], {"A": "B"}], ids=repr)
def test_without_a_title_that_can_be_read_it_is_untitled_and_keeps_its_text(button: PushButton, title: Any) -> None:
    _expect(button.shows(json.dumps({"title": title, "body": "B"})), "Untitled", "B")


def test_fields_that_are_missing_or_odd_are_left_out(button: PushButton) -> None:
    _expect(button.shows("{}"), "Untitled", "")
    _expect(button.shows('{"body": "only a text"}'), "Untitled", "only a text")
    _expect(button.shows('{"title": "only a title"}'), "only a title", "")
    for odd in (None, 5, True, [], ["a"], {}, {"a": "b"}):
        given = {"title": "T", "body": odd, "url": odd, "tag": odd, "lang": odd, "icon": odd, "more": odd}
        shown = button.shows(json.dumps(given))
        _expect(shown, "T", "")
        assert (shown.url, shown.tag, shown.lang) == ("", "", "")
        assert shown.icon.endswith("/static/icons/icon-192.png")


def test_a_time_that_is_none_is_now(button: PushButton) -> None:
    now: float = button.page.evaluate("Date.now()")
    for odd in ('"2026-01-01"', "null", "-5", "0", "1e300", "1e999", "1700000000000.5", "true", "[1700000000000]"):
        shown = button.shows(f'{{"title": "T", "timestamp": {odd}}}')
        assert 0 <= shown.timestamp - now < 60_000, odd


def test_pictures_and_actions_of_others_are_not_loaded(button: PushButton) -> None:
    elsewhere = "https://pictures.example.com/a.png"
    push = {"title": "T", "icon": elsewhere, "badge": elsewhere, "image": elsewhere, "actions": [{"action": "a"}]}
    shown = button.shows(json.dumps(push))
    assert elsewhere not in (shown.icon, shown.badge)
    assert shown.icon.startswith(button.page.evaluate("location.origin"))


def test_the_declarative_form_is_shown_too(button: PushButton) -> None:
    notification = {"title": "T", "body": "B", "navigate": "https://example.com/messages", "tag": "t", "lang": "es"}
    push = {"web_push": 8030, "notification": notification, "app_badge": "3", "title": "not this one"}
    shown = button.shows(json.dumps(push))
    _expect(shown, "T", "B")
    assert (shown.tag, shown.lang, shown.url) == ("t", "es", "https://example.com/messages")


@pytest.mark.parametrize(("version", "notification"), [(8029, {"title": "T"}), ("8030", {"title": "T"}), (8030, ["T"])])
def test_what_only_looks_like_the_declarative_form_is_read_as_our_own(
    button: PushButton, version: Any, notification: Any
) -> None:
    push = {"web_push": version, "notification": notification, "title": "Ours", "body": "B"}
    _expect(button.shows(json.dumps(push)), "Ours", "B")


def test_the_same_tag_replaces_and_others_stand_beside_it(button: PushButton) -> None:
    assert _titles(button.press('{"title": "first", "tag": "a"}')) == ["first"]
    assert _titles(button.press('{"title": "second", "tag": "a"}')) == ["second"]
    assert _titles(button.press('{"title": "other", "tag": "b"}')) == ["other", "second"]
    for count in (3, 4):  # those without a tag never replace each other, the same text or not
        assert len(button.press("no tag")) == count


def test_the_whole_site_has_one_registration_and_it_shows_pushes_whatever_the_worker_is_called(
    windows: Windows,
) -> None:
    page = _allowing_page(windows)
    assert page.evaluate(_REGISTRATIONS) == [["/", "none"]]
    assert page.evaluate(_ONLY_ACTIVE) == "/service_worker.js"
    assert page.evaluate(_REGISTER, "/static/service_worker.js") == "off"
    assert page.evaluate(_REGISTRATIONS) == [["/", "none"]]
    assert page.evaluate(_ONLY_ACTIVE) == "/static/service_worker.js"
    _expect(PushButton(page).shows("Hello"), "Untitled", "Hello")
    _visit(page)
    assert page.evaluate(_REGISTRATIONS) == [["/", "none"]]
    assert page.evaluate(_ONLY_ACTIVE) == "/service_worker.js"


def _allowing_page(windows: Windows) -> Page:
    page = windows.open(permissions=["notifications"])
    page.add_init_script(TURNED_OFF)
    _visit(page)
    return page


def _visit(page: Page) -> None:
    """Until the page itself has registered the worker, so that it does not do so in the midst of a test."""
    page.goto("/")
    expect(page.locator("[data-push-card]")).to_have_attribute("data-push-now", "off")


def _titles(shown: list[Shown]) -> list[str]:
    return sorted(each.title for each in shown)


def _expect(shown: Shown, title: str, body: str) -> None:
    assert (shown.title, shown.body) == (title, body)
