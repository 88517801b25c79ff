"""Of the tabs of one browser one speaks with the server; hidden ones ask nothing, and whoever is shown catches up."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from tests.browser.live.conftest import Scene, only_sockets
from tests.browser.live.line import Mode
from tests.browser.live.person import Desk, counts
from tests.browser.live.test_counts_agree import SOON
from tests.browser.windows import CAN_BE_HIDDEN

pytestmark = pytest.mark.browser

A_FEW_POLLS_MS = 4000


class Traffic:
    """What the pages of a browser say to the server to hear what is new, by page."""

    def __init__(self, context: BrowserContext) -> None:
        self.questions: list[Page] = []
        self.sockets: list[Page] = []
        context.on("page", self._watch)
        for page in context.pages:
            self._watch(page)

    def _watch(self, page: Page) -> None:
        page.on("websocket", lambda _socket: self.sockets.append(page))
        page.on("request", lambda request: self.questions.append(page) if "/notifications?" in request.url else None)

    def ways(self) -> int:
        """How many pages have spoken."""
        return len({id(page) for page in [*self.questions, *self.sockets]})

    def forget(self) -> None:
        self.questions.clear()
        self.sockets.clear()


def _tabs(scene: Scene, number: int) -> tuple[Traffic, list[Page]]:
    scene.susan.context.add_init_script(CAN_BE_HIDDEN)
    traffic = Traffic(scene.susan.context)
    pages = [scene.susan.page, *(scene.susan.context.new_page() for _ in range(number - 1))]
    for page in pages:
        page.goto("/people")
        page.wait_for_timeout(300)
    Desk(pages).mark()
    return traffic, pages


def _until(is_so: Callable[[], bool], page: Page, why: str) -> None:
    deadline = time.monotonic() + SOON
    while not is_so():
        assert time.monotonic() < deadline, why
        page.wait_for_timeout(50)


def test_one_of_three_tabs_speaks_and_all_hear(scene: Scene, way: str) -> None:
    traffic, pages = _tabs(scene, 3)
    pages[0].wait_for_timeout(A_FEW_POLLS_MS)
    assert traffic.ways() == 1
    assert len(traffic.sockets) == (1 if way == "socket" else 0)
    assert bool(traffic.questions) == (way == "polling")
    scene.john.send(scene.susan.name, "to all of them")
    Desk(pages).agree(1, within_seconds=SOON)
    assert traffic.ways() == 1


def test_another_tab_goes_on_when_the_one_that_speaks_is_closed(scene: Scene) -> None:
    traffic, pages = _tabs(scene, 2)
    _until(lambda: traffic.ways() == 1, pages[0], "nobody speaks")
    speaker = [*traffic.questions, *traffic.sockets][0]
    (other,) = (page for page in pages if page is not speaker)
    speaker.close()
    scene.john.send(scene.susan.name, "for the other one")
    Desk([other]).agree(1, within_seconds=SOON)


def test_a_tab_that_is_opened_later_knows_what_the_others_know(scene: Scene) -> None:
    _traffic, pages = _tabs(scene, 1)
    scene.john.send(scene.susan.name, "one")
    Desk(pages).agree(1, within_seconds=SOON)
    later = scene.susan.context.new_page()
    later.goto("/")
    later.evaluate("window.isStillTheSamePage = true")
    scene.john.send(scene.susan.name, "two")
    Desk([*pages, later]).agree(2, within_seconds=SOON)


def test_hidden_tabs_ask_nothing_and_catch_up_when_they_are_shown(scene: Scene, way: str) -> None:
    traffic, pages = _tabs(scene, 2)
    for page in pages:
        page.evaluate("setHidden(true)")
    pages[0].wait_for_timeout(500)
    traffic.forget()
    scene.john.send(scene.susan.name, "while nobody looks")
    pages[0].wait_for_timeout(A_FEW_POLLS_MS)
    assert traffic.ways() == 0
    if way == "socket":  # what stood before goes on: the title of a hidden tab is read too
        Desk(pages).agree(1, within_seconds=SOON)
    pages[1].evaluate("setHidden(false)")
    Desk([pages[1]]).agree(1, within_seconds=SOON)
    pages[0].evaluate("setHidden(false)")
    Desk(pages).agree(1, within_seconds=SOON)


def test_a_tab_that_gives_no_sign_is_not_waited_for(scene: Scene) -> None:
    """As one that the browser has frozen, or whose script is stuck."""
    traffic, pages = _tabs(scene, 2)
    _until(lambda: traffic.ways() == 1, pages[0], "nobody speaks")
    speaker = [*traffic.questions, *traffic.sockets][0]
    (other,) = (page for page in pages if page is not speaker)
    speaker.evaluate("BroadcastChannel.prototype.postMessage = () => {}")
    scene.john.send(scene.susan.name, "the other one has to hear it too")
    other.evaluate("setHidden(true)")
    other.evaluate("setHidden(false)")
    Desk([other]).agree(1, within_seconds=SOON)


def test_what_happens_between_the_page_and_its_scripts_is_told_by_the_others(scene: Scene) -> None:
    """The page is made before, and its scripts run after the one that speaks has told everybody."""
    _traffic, pages = _tabs(scene, 1)
    later = scene.susan.context.new_page()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    later.route("**/js/main.js", hold)
    later.goto("/people", wait_until="commit")
    _until(lambda: bool(held), later, "the page asks for no script")
    later.locator("#notification_count").wait_for(state="attached")
    assert counts(later).messages == 0
    scene.john.send(scene.susan.name, "meanwhile")
    Desk(pages).agree(1, within_seconds=SOON)
    held[0].continue_()
    later.wait_for_load_state()
    later.evaluate("window.isStillTheSamePage = true")
    Desk([*pages, later]).agree(1, within_seconds=SOON)


def test_a_tab_that_heard_nothing_is_told_by_one_that_was_opened_later(scene: Scene) -> None:
    """What that one was made with is no news to it, and news to the other."""
    _traffic, (earlier,) = _tabs(scene, 1)
    earlier.evaluate("setHidden(true)")
    scene.first.hang_up()
    earlier.wait_for_timeout(500)
    scene.john.send(scene.susan.name, "while nobody hears")
    later = scene.susan.context.new_page()
    later.goto("/people")
    later.wait_for_timeout(1000)
    assert counts(earlier).messages == 0
    earlier.evaluate("setHidden(false)")
    Desk([earlier]).agree(1, within_seconds=SOON)


@only_sockets
def test_a_page_goes_back_to_the_socket_and_asks_no_more(scene: Scene) -> None:
    traffic, pages = _tabs(scene, 1)
    scene.first.is_now(Mode.NO_SOCKETS)
    _until(lambda: len(traffic.questions) > 1, pages[0], "it does not ask")
    scene.first.is_now(Mode.OPEN)
    traffic.sockets.clear()
    _until(lambda: bool(traffic.sockets), pages[0], "it tries no socket")
    pages[0].wait_for_timeout(A_FEW_POLLS_MS)
    traffic.forget()
    pages[0].wait_for_timeout(A_FEW_POLLS_MS)
    assert traffic.ways() == 0
    scene.john.send(scene.susan.name, "by the socket")
    Desk(pages).agree(1, within_seconds=SOON)
    assert traffic.questions == []
