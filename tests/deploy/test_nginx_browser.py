"""A real browser, through nginx, at a service of two servers."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.browser.conftest import ARGUMENTS
from tests.browser.windows import WIDE, Windows, badge_of, fill_in_sign_in
from tests.deploy.conftest import Pair, holders, sockets
from tests.deploy.nginx import Front
from tests.engine.processes import wait_until
from tests.missing_programs import CHROMIUM
from tests.server.visitors import COOKIE, Visitor

pytestmark = [pytest.mark.nginx, pytest.mark.browser]

BY_SOCKET_MS = 5000  # on a busy machine; nobody asks within an hour


@pytest.fixture
def windows(front: Front, playwright: Playwright) -> Iterator[Windows]:
    """In a browser that does not know who signed nginx's certificate."""
    arguments = [*ARGUMENTS, "--ignore-certificate-errors"]
    chromium: Browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
    opened = Windows(chromium, front.url, WIDE)
    yield opened
    opened.close()
    chromium.close()
    assert opened.problems == []


def test_a_badge_rises_when_somebody_writes_at_the_other_server(
    windows: Windows, pair: Pair, register: Callable[[str], str]
) -> None:
    register("susan-browsing")
    john = register("john-browsing")
    page = windows.open()
    page.goto("/login")
    fill_in_sign_in(page, "susan-browsing")
    wait_until(lambda: [sockets(server) for server in pair.servers] == [1, 1], 30)
    [holder] = holders(pair)
    assert [one["secure"] for one in page.context.cookies() if one["name"] == COOKIE] == [True]
    other = next(server for server in pair.servers if server is not holder)
    with Visitor(other.port, john) as visitor:
        path = "/send_message/susan-browsing"
        assert visitor.post(path, csrf_token=visitor.token(path), message="Hello").status == 302
    expect(badge_of(page)).to_contain_text("1", timeout=BY_SOCKET_MS)
