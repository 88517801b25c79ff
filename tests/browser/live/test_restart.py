"""The server is stopped and started again while pages are open: they go on, without being loaded again."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.live.conftest import WAYS
from tests.browser.live.person import Desk
from tests.browser.live.test_counts_agree import LATER, SOON
from tests.browser.windows import POLL_SECONDS, WIDE, Windows
from tests.server.running import free_port, running

pytestmark = pytest.mark.browser

DOWN_MS = 3000


@pytest.mark.parametrize("way", list(WAYS))
def test_after_the_server_was_started_again(chromium: Browser, tmp_path: Path, way: str) -> None:
    port = free_port()
    settings = {"PORT": str(port), "POLL_SECONDS": str(POLL_SECONDS), "INTEGRATE_SOCKETIO": WAYS[way]}
    with ExitStack() as stack:
        server = stack.enter_context(running(tmp_path, **settings))
        windows = Windows(chromium, server.url, WIDE)
        stack.callback(windows.close)
        susan, john = windows.newcomer("susan"), windows.newcomer("john")
        elsewhere = windows.another_of(susan)
        desk = Desk([susan.visit("/people"), elsewhere.visit("/people")])
        desk.mark()
        john.send(susan.name, "before")
        desk.agree(1, within_seconds=SOON)
        server.stop()
        susan.page.wait_for_timeout(DOWN_MS)
        stack.enter_context(running(tmp_path, **settings))
        john.send(susan.name, "after", "and again")
        desk.agree(3, within_seconds=LATER)
