"""The real service and a real Chromium, started once; each test gets windows of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, ViewportSize

from tests.browser.office import Office, opening
from tests.browser.windows import POLL_SECONDS, WIDE, Windows
from tests.missing_programs import CHROMIUM
from tests.server.running import Server, running

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("instance"), POLL_SECONDS=str(POLL_SECONDS)) as server:
        yield server


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory, password_hash: str) -> Iterator[Office]:
    """A second service, with an admin and with pushes."""
    with opening(tmp_path_factory.mktemp("office"), password_hash) as office:
        yield office


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture
def viewport() -> ViewportSize:
    """What a test gets that is not marked with `both_sizes`."""
    return WIDE


@pytest.fixture
def windows(site: Server, chromium: Browser, viewport: ViewportSize) -> Iterator[Windows]:
    opened = Windows(chromium, site.url, viewport)
    yield opened
    opened.close()
    assert opened.problems == []
