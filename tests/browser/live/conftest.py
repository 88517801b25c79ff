"""A service that speaks by sockets and one where pages ask; every test here runs on both."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.live.line import Line, line_to
from tests.browser.live.person import Desk
from tests.browser.windows import POLL_SECONDS, WIDE, Person, Windows
from tests.server.running import Server, running
from webpush_app.config import ROOT

CLIENT = ROOT / "static/vendor/socket.io.js"
WAYS = {"socket": "true", "polling": "false"}
only_sockets = pytest.mark.parametrize("way", ["socket"], indirect=True)


@pytest.fixture(scope="session", params=list(WAYS))
def way(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    if chosen == "socket" and not CLIENT.is_file():  # pages would ask, and most tests would not notice
        pytest.skip("the client of the live sockets is not installed: sh scripts/client.sh")
    return chosen


@pytest.fixture(scope="session")
def site(way: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"POLL_SECONDS": str(POLL_SECONDS), "INTEGRATE_SOCKETIO": WAYS[way]}
    with running(tmp_path_factory.mktemp(f"live-{way}"), **settings) as server:
        yield server


@pytest.fixture
def windows(site: Server, chromium: Browser) -> Iterator[Windows]:
    opened = Windows(chromium, site.url, WIDE)
    yield opened
    opened.close()
    # That a line is cut or a socket refused is said in the console, and is what these tests do.
    expected = ("console: WebSocket connection to", "console: Failed to load resource")
    assert [problem for problem in opened.problems if not problem.startswith(expected)] == []


@pytest.fixture
def lines(site: Server) -> Iterator[tuple[Line, Line]]:
    """One for each of the two browsers."""
    with line_to(site.port) as first, line_to(site.port) as second:
        yield first, second


class Scene:
    """Susan has two tabs in one browser and a page in another; John writes to her."""

    def __init__(self, windows: Windows, first: Line, second: Line) -> None:
        self.windows = windows
        self.first, self.second = first, second
        self.john = windows.newcomer("john")
        self.susan = windows.newcomer("susan", base_url=first.url)
        self.elsewhere = windows.another_of(self.susan, base_url=second.url)
        self.pages: list[Page] = []

    def open(self, path: str = "/people", *, with_clocks: bool = False) -> Desk:
        self.pages = [self.susan.page, self.susan.context.new_page(), self.elsewhere.page]
        for page in self.pages:
            if with_clocks:
                page.clock.install()
            page.goto(path)
        desk = Desk(self.pages)
        desk.mark()
        return desk

    def stop_clocks(self) -> None:
        """From here on only the test moves them on. That is a jump too, and what follows from it is waited for."""
        for page in self.pages:
            page.clock.pause_at(datetime.now(UTC) + timedelta(hours=1))
        self.pages[0].wait_for_timeout(2000)


@pytest.fixture
def scene(windows: Windows, lines: tuple[Line, Line]) -> Scene:
    return Scene(windows, *lines)


def a_third_device(scene: Scene) -> Person:
    return scene.windows.another_of(scene.susan)
