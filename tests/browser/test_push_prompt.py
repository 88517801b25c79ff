"""The card about notifications: nothing is asked before a person presses, what cannot work is said with its remedy, and
it is in nobody's way. Who allows it goes on where a push service is at hand; these windows have none."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.devtools import leave_unanswered, nameless
from tests.browser.windows import PHONE, Person, Windows
from tests.server.running import Server

pytestmark = pytest.mark.browser

BLOCKED: list[str] = []  # what a context permits: without such a list it asks
# Counts what makes a browser ask. The question itself is the real one; nobody sees it, so it is closed unanswered.
_WATCH = """(() => {
  window.asked = 0;
  const ask = Notification.requestPermission;
  Notification.requestPermission = function () { window.asked += 1; return ask.apply(this, arguments); };
  const subscribe = PushManager.prototype.subscribe;
  PushManager.prototype.subscribe = function () { window.asked += 1; return subscribe.apply(this, arguments); };
})()"""
_REGISTER = """async () => {
  const { pushKey, pushApi } = document.body.dataset;
  return await window.registerServiceWorker("/static/service_worker.js", pushKey, pushApi);
}"""


def test_the_prompt_is_seen_before_anything_is_asked(windows: Windows, site: Server) -> None:
    susan = _watched(windows.newcomer("susan"))
    leave_unanswered(susan.page, site.url)
    for path in ("/people", "/"):
        page = susan.visit(path)
        expect(_heading(page)).to_have_text("Hear of new messages at once?")
        assert page.evaluate(_REGISTER) == "ask"
        assert page.evaluate("window.asked") == 0
    page.get_by_role("button", name="Turn on notifications").click()
    expect(page.get_by_text("The question of your browser was closed without an answer.")).to_be_visible()
    expect(_heading(page)).to_have_text("Hear of new messages at once?")
    assert page.evaluate("window.asked") == 1
    assert nameless(page) == []


def test_what_is_known_at_once_stands_at_once_and_pushes_nothing_down_later(windows: Windows) -> None:
    stranger, blocked = windows.open(), windows.open(permissions=BLOCKED)
    for page, heading in ((stranger, "Get the news of this site?"), (blocked, "Notifications are blocked")):
        page.add_init_script("ServiceWorkerContainer.prototype.register = () => new Promise(() => {})")
        page.goto("/")
        expect(_heading(page)).to_have_text(heading)


def test_who_says_no_is_told_how_to_change_that(windows: Windows) -> None:
    page = _watched(windows.newcomer("susan")).visit("/people")
    page.get_by_role("button", name="Turn on notifications").click()
    expect(page.get_by_text("Your browser asks you now.")).to_be_visible()
    expect(_heading(page)).to_have_text("Notifications are blocked", timeout=15_000)
    expect(_heading(page)).to_be_focused()
    expect(page.get_by_text("Your browser asks you now.")).to_be_hidden()
    assert page.evaluate("window.asked") == 1


def test_a_stranger_is_offered_the_news(windows: Windows) -> None:
    page = windows.open()
    page.goto("/")
    expect(_heading(page)).to_have_text("Get the news of this site?")
    expect(_card(page)).to_contain_text("You need no account", use_inner_text=True)


@pytest.mark.parametrize("viewport", [PHONE], ids=["phone"])
def test_not_now_holds_on_every_page_for_a_month(windows: Windows) -> None:
    susan = windows.newcomer("susan")
    page = susan.visit("/people")
    page.get_by_role("button", name="Not now").click()
    expect(_card(page)).to_be_hidden()
    assert susan.visit("/messages").evaluate(_REGISTER) == "ask"
    expect(_card(page)).to_be_hidden()
    for days, is_shown in ((29, False), (31, True)):
        page.clock.set_fixed_time(datetime.now() + timedelta(days=days))  # noqa: DTZ005 - the browser's own
        assert susan.visit("/people").evaluate(_REGISTER) == "ask"
        expect(_card(page)).to_be_visible(visible=is_shown)


def test_the_front_page_and_ones_own_profile_always_show_one_card(windows: Windows) -> None:
    susan = windows.newcomer("susan")
    susan.visit("/people").get_by_role("button", name="Not now").click()
    blocked = windows.another_of(susan, permissions=BLOCKED)
    for path in ("/", f"/user/{susan.name}"):
        page = susan.visit(path)
        expect(page.get_by_role("button", name="Turn on notifications")).to_be_visible()
        expect(page.get_by_role("button", name="Not now")).to_have_count(0)
        expect(_heading(blocked.visit(path))).to_have_text("Notifications are blocked")
        expect(page.locator("[data-push-card]")).to_have_count(1)
    assert blocked.visit("/people").evaluate(_REGISTER) == "blocked"
    expect(_card(blocked.page)).to_be_hidden()  # it would only be in the way here


def test_forms_of_strangers_are_left_alone(windows: Windows) -> None:
    page = windows.open()
    page.goto("/login")
    assert page.evaluate(_REGISTER) == "ask"
    expect(page.locator("[data-push-card]")).to_have_count(0)
    page.goto("/register")
    expect(page.locator("[data-push-card]")).to_have_count(0)


_LIKE_CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"
_LIKE_SAFARI = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"


@pytest.mark.parametrize(
    ("browser", "agent"),
    [
        ("Chrome", _LIKE_CHROME),
        ("Edge", f"{_LIKE_CHROME} Edg/131.0"),
        ("Firefox", "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"),
        ("Safari", f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_LIKE_SAFARI}"),
    ],
)
def test_how_to_unblock_is_told_for_this_browser_first(windows: Windows, browser: str, agent: str) -> None:
    page = windows.open(permissions=BLOCKED, user_agent=agent)
    page.goto("/")
    yours = _card(page).locator("[data-push-yours]")
    expect(yours.locator("strong")).to_have_text([browser])
    expect(yours).to_be_visible()
    for other in {"Chrome", "Edge", "Firefox", "Safari"} - {browser}:
        expect(_card(page).locator("strong", has_text=other)).to_be_hidden()
    page.get_by_text("Other browsers").click()
    for other in {"Chrome", "Edge", "Firefox", "Safari"} - {browser}:
        expect(_card(page).locator("details strong", has_text=other)).to_be_visible()
    assert nameless(page) == []


def test_who_unblocks_sees_it_at_once(windows: Windows) -> None:
    page = windows.open(permissions=BLOCKED)
    page.goto("/")
    expect(_heading(page)).to_have_text("Notifications are blocked")
    page.context.clear_permissions()
    expect(_heading(page)).to_have_text("Get the news of this site?")
    page.context.grant_permissions(BLOCKED)
    expect(_heading(page)).to_have_text("Notifications are blocked")


_INSECURE = "Object.defineProperty(window, 'isSecureContext', { value: false })"
_NO_PUSH = "delete window.PushManager"
_NO_WORKER = "delete Navigator.prototype.serviceWorker"
_TOUCH = "Object.defineProperty(navigator, 'maxTouchPoints', { value: 5 })"
_INSTALLED = "Object.defineProperty(navigator, 'standalone', { value: true })"
_IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {_LIKE_SAFARI}"
_IPAD = f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_LIKE_SAFARI}"


@pytest.mark.parametrize(
    ("scripts", "agent", "heading", "remedy"),
    [
        ([_INSECURE], _LIKE_CHROME, "This address is not secure", r"can also open http://localhost:\d+\."),
        ([_INSECURE, _NO_WORKER], _IPHONE, "This address is not secure", "Open the site by its https address"),
        ([_NO_PUSH], _LIKE_CHROME, "This browser cannot show notifications", "An up-to-date Chrome"),
        ([_NO_WORKER], _LIKE_CHROME, "This browser cannot show notifications", "or this is a private window"),
        ([_NO_PUSH], _IPHONE, "First add this site to your Home Screen", "Add to Home Screen"),
        ([_NO_PUSH, _TOUCH], _IPAD, "First add this site to your Home Screen", "Open the site by its new symbol"),
        ([_NO_PUSH], _IPAD, "This browser cannot show notifications", "An up-to-date Chrome"),
        ([_NO_PUSH, _INSTALLED], _IPHONE, "This browser cannot show notifications", "needs iOS 16.4 or newer"),
    ],
    ids=["insecure", "insecure iPhone", "no push", "no worker", "iPhone", "iPad", "old Mac", "old installed iPhone"],
)
def test_what_cannot_work_here_is_said_with_its_remedy(
    windows: Windows, scripts: list[str], agent: str, heading: str, remedy: str
) -> None:
    page = windows.open(user_agent=agent)
    page.add_init_script(f"{{ {_WATCH} }}")
    for script in scripts:
        page.add_init_script(script)
    page.goto("/")
    expect(_heading(page)).to_have_text(heading)
    expect(_card(page)).to_contain_text(re.compile(remedy), use_inner_text=True)
    expect(_card(page).get_by_role("button")).to_have_count(0)
    assert page.evaluate("window.asked") == 0


def test_what_fails_is_said_where_one_looks_for_it_and_can_be_tried_again(windows: Windows) -> None:
    susan = windows.newcomer("susan", permissions=["notifications"])
    assert susan.visit("/people").evaluate(_REGISTER) == "trouble"  # a private window: there is no push service
    expect(_card(susan.page)).to_be_hidden()
    page = susan.visit("/")
    expect(_heading(page)).to_have_text("That did not work")
    expect(_card(page)).to_contain_text("The push service of your browser did not answer.", use_inner_text=True)
    expect(_card(page)).to_contain_text("AbortError: Registration failed - permission denied", use_inner_text=True)
    assert nameless(page) == []
    page.get_by_role("button", name="Try again").press("Enter")
    expect(_heading(page)).to_be_focused()
    expect(_card(page)).not_to_have_attribute("aria-busy", "true")


def test_without_javascript_it_says_so_and_nothing_waits_for_ever(windows: Windows) -> None:
    susan = windows.newcomer("susan", java_script_enabled=False)
    for path in ("/", f"/user/{susan.name}"):
        words = _card(susan.visit(path)).locator("noscript p")
        expect(words).to_be_visible()
        expect(words).to_have_text("Notifications need JavaScript, and it is switched off in this browser.")
        expect(susan.page.get_by_text("Looking at this browser")).to_be_hidden()
        expect(_card(susan.page).get_by_role("button")).to_have_count(0)
    expect(_card(susan.visit("/people"))).to_be_hidden()


def test_the_prompt_is_answered_by_keyboard(windows: Windows, site: Server) -> None:
    susan = _watched(windows.newcomer("susan"))
    leave_unanswered(susan.page, site.url)
    page = susan.visit("/people")
    turn_on, not_now = (page.get_by_role("button", name=name) for name in ("Turn on notifications", "Not now"))
    expect(turn_on).to_be_visible()
    _tab_to(page, turn_on)
    page.keyboard.press("Enter")
    expect(_heading(page)).to_be_focused()  # the answer changed what stands there: it is read from its beginning
    assert page.evaluate("window.asked") == 1
    page.keyboard.press("Tab")
    expect(turn_on).to_be_focused()
    page.keyboard.press("Tab")
    expect(not_now).to_be_focused()
    page.keyboard.press("Enter")
    expect(_card(page)).to_be_hidden()
    page.keyboard.press("Tab")
    expect(page.get_by_role("searchbox")).to_be_focused()  # one goes on from there, not from the top


def _watched(person: Person) -> Person:
    person.context.add_init_script(_WATCH)
    return person


def _card(page: Page) -> Locator:
    return page.get_by_role("region", name="Notifications on this browser", include_hidden=True)


def _heading(page: Page) -> Locator:
    return _card(page).get_by_role("heading", level=2)


def _tab_to(page: Page, wanted: Locator) -> None:
    for _ in range(20):
        page.keyboard.press("Tab")
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError("the Tab key does not lead there")
