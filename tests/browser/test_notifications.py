"""How an open page asks for news: not while hidden, less often while the service is away, never once signed out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.windows import CAN_BE_HIDDEN, POLL_SECONDS, Person, Windows
from tests.people import PASSWORD
from tests.server.running import Server, running

pytestmark = pytest.mark.browser

ADDRESS = "**/notifications?*"
STEP_SECONDS = 0.25
LONG_MS = 600_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One whose pages can only ask."""
    settings = {"POLL_SECONDS": str(POLL_SECONDS), "INTEGRATE_SOCKETIO": "false"}
    with running(tmp_path_factory.mktemp("asking"), **settings) as server:
        yield server


class Asked:
    """Counts the questions of a page whose clock the test moves on."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._questions: list[str] = []
        page.on("request", self._note)

    def so_far(self) -> int:
        # What was asked before this answer came has been noted when it is there.
        self._page.evaluate("fetch('/healthz').then((answer) => answer.ok)")
        return len(self._questions)

    def seconds_until_next(self) -> float:
        before = self.so_far()
        for step in range(1, 400):
            self._page.clock.run_for(int(STEP_SECONDS * 1000))
            if self.so_far() > before:
                return step * STEP_SECONDS
        pytest.fail("the page has stopped asking")

    def _note(self, request: Request) -> None:
        if "/notifications?" in request.url:
            self._questions.append(request.url)


def _stop_the_clock(page: Page) -> None:
    """From here on only the test moves it on: what the page does without that, it does at once and not by its timer."""
    page.clock.install()
    page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))


def _watched(person: Person) -> tuple[Page, Asked]:
    page = person.page
    page.add_init_script(CAN_BE_HIDDEN)
    _stop_the_clock(page)
    asked = Asked(page)
    page.goto("/")
    assert asked.seconds_until_next() <= POLL_SECONDS + STEP_SECONDS
    return page, asked


def test_a_hidden_tab_does_not_ask_and_asks_at_once_when_shown_again(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    page, asked = _watched(susan)
    page.evaluate("setHidden(true)")
    before = asked.so_far()
    page.clock.run_for(LONG_MS)
    assert asked.so_far() == before
    john.send(susan.name, "while you were away")
    with page.expect_request(ADDRESS):
        page.evaluate("setHidden(false)")
    expect(susan.badge).to_have_text("1 unread")
    assert asked.seconds_until_next() <= POLL_SECONDS + STEP_SECONDS


def test_a_tab_that_was_opened_hidden_asks_at_once_when_it_is_shown(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    page = susan.page
    page.add_init_script(f"{CAN_BE_HIDDEN} isHidden = true;")
    _stop_the_clock(page)
    page.goto("/people")
    john.send(susan.name, "before you looked")
    with page.expect_request(ADDRESS):
        page.evaluate("setHidden(false)")
    expect(susan.badge).to_have_text("1 unread")


def test_a_conversation_signed_out_elsewhere_does_not_go_on_saying_that_it_is_looked_at(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    page = susan.page
    _stop_the_clock(page)
    said: list[str] = []
    page.on("request", lambda request: said.append(request.url) if "/api/presence" in request.url else None)
    page.goto(f"/messages/with/{john.name}")
    windows.sign_out_elsewhere(susan)
    with page.expect_response(lambda answer: "/api/presence" in answer.url and answer.status in (401, 409)):
        page.clock.run_for(16_000)
    page.wait_for_timeout(200)
    before = len(said)
    page.clock.run_for(LONG_MS)
    page.evaluate("fetch('/healthz').then((answer) => answer.ok)")
    assert len(said) == before


def test_a_page_asks_less_and_less_often_while_the_service_is_away_and_recovers(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    page, asked = _watched(susan)
    page.route(ADDRESS, lambda route: route.abort())
    asked.seconds_until_next()
    pauses = [asked.seconds_until_next() for _ in range(3)]
    assert pauses[0] >= POLL_SECONDS
    assert pauses[2] > 1.5 * pauses[0]
    john.send(susan.name, "the service is back")
    page.unroute(ADDRESS)
    asked.seconds_until_next()
    expect(susan.badge).to_have_text("1 unread")
    assert asked.seconds_until_next() <= POLL_SECONDS + STEP_SECONDS


def test_a_busy_service_is_asked_less_often_too(windows: Windows) -> None:
    page, asked = _watched(windows.newcomer("susan"))
    page.route(ADDRESS, lambda route: route.fulfill(status=503, body="busy"))
    asked.seconds_until_next()
    pauses = [asked.seconds_until_next() for _ in range(3)]
    assert pauses[2] > 1.5 * pauses[0]


def test_a_page_that_comes_back_online_asks_at_once(windows: Windows) -> None:
    page, asked = _watched(windows.newcomer("susan"))
    page.route(ADDRESS, lambda route: route.abort())
    for _ in range(4):
        asked.seconds_until_next()
    page.unroute(ADDRESS)
    page.context.set_offline(True)
    with page.expect_request(ADDRESS):
        page.context.set_offline(False)


def test_a_page_signed_out_elsewhere_stops_asking_without_a_word(windows: Windows) -> None:
    susan = windows.newcomer("susan")
    page, asked = _watched(susan)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    windows.sign_out_elsewhere(susan)
    with page.expect_response(lambda answer: "/notifications?" in answer.url and answer.status == 401):
        asked.seconds_until_next()
    before = asked.so_far()
    page.clock.run_for(LONG_MS)
    for hidden in ("true", "false"):
        page.evaluate(f"setHidden({hidden})")
    assert asked.so_far() == before
    assert len(said) == 1
    assert "401" in said[0]


def test_a_page_stops_asking_when_somebody_else_has_signed_in_in_another_tab(windows: Windows) -> None:
    susan, john = windows.newcomer("susan"), windows.newcomer("john")
    page, asked = _watched(susan)
    assert susan.post("/login", {"username": john.name, "password": PASSWORD}, form_at="/edit_profile").status == 302
    windows.newcomer("mary").send(john.name, "for John alone")
    with page.expect_response(lambda answer: "/notifications?" in answer.url):
        asked.seconds_until_next()
    before = asked.so_far()
    page.clock.run_for(LONG_MS)
    assert asked.so_far() == before
    expect(susan.badge).to_be_hidden()


def test_a_stranger_is_never_asked_about(windows: Windows) -> None:
    page = windows.open()
    _stop_the_clock(page)
    asked = Asked(page)
    page.goto("/")
    page.clock.run_for(LONG_MS)
    assert asked.so_far() == 0
