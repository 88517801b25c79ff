"""What a page loads: each script once, and never again while it is the same."""

import re

import pytest
from playwright.sync_api import Page, Route

from tests.browser.devtools import wait_until
from tests.browser.windows import Windows
from webpush_app.config import ROOT
from webpush_app.web.headers import fingerprint

pytestmark = pytest.mark.browser

# Without the worker, which browsers look after by themselves.
_SCRIPTS = """() => performance.getEntriesByType("resource")
  .filter((entry) => /\\.js(\\?|$)/.test(entry.name) && !entry.name.endsWith("/service_worker.js"))
  .map((entry) => ({ path: entry.name.slice(location.origin.length), loaded: entry.transferSize > 0 }))"""
_READY = "document.querySelector('.theme-switch')?.hidden === false && window.set_message_count"
_LATER = "async () => await window.registerServiceWorker('/service_worker.js', document.body.dataset.pushKey, '/none')"
_OLD = "000000000000"


def _open(page: Page, path: str) -> list[tuple[str, bool]]:
    """Each script that the page has asked for, and whether it came from the server."""
    page.goto(path, wait_until="load")
    wait_until(page, _READY)
    page.evaluate(_LATER)  # the script that is loaded on demand
    return [(script["path"], script["loaded"]) for script in page.evaluate(_SCRIPTS)]


def test_a_second_page_asks_for_no_script_again(windows: Windows) -> None:
    susan = windows.newcomer("susan")
    first = _open(susan.page, "/people")
    assert len(first) >= 20
    assert all(loaded for _path, loaded in first)
    for path in ("/messages", "/people", f"/user/{susan.name}"):
        assert {loaded for _path, loaded in _open(susan.page, path)} == {False}, path


def test_each_script_is_there_once(windows: Windows) -> None:
    """Two of one module would not know of each other: each would have its own card, its own count, its own socket."""
    paths = [path for path, _loaded in _open(windows.newcomer("susan").page, "/people")]
    names = [re.sub(r"^/static/v-\w+/", "", path) for path in paths]
    assert sorted(names) == sorted(set(names))
    assert not [path for path in paths if path.startswith(("/static/js/", "/static/register"))]
    assert "js/push_start.js" in names


def test_nor_twice_where_a_page_loads_the_tutorials_script_too(windows: Windows) -> None:
    page = windows.newcomer("susan").page
    _open(page, "/people")
    page.add_script_tag(url="/static/register_service_worker.js")
    page.evaluate(_LATER)
    paths = [script["path"] for script in page.evaluate(_SCRIPTS)]
    assert "/static/register_service_worker.js" in paths
    assert len([path for path in paths if path.endswith("/push_start.js")]) == 1


def _as_before_an_upgrade(route: Route) -> None:
    answer = route.fetch()
    text = re.sub(r"/static/v-\w+/", f"/static/v-{_OLD}/", answer.text())
    # To a page that comes from here and not from the server this Chromium allows no socket.
    route.fulfill(response=answer, body=re.sub(r' data-socket="[^"]+"', "", text))


def test_a_page_of_before_an_upgrade_works_with_the_scripts_of_now(windows: Windows) -> None:
    susan = windows.newcomer("susan")
    susan.page.route("**/people", _as_before_an_upgrade)
    asked = [path for path, _loaded in _open(susan.page, "/people")]
    assert f"/static/v-{_OLD}/js/main.js" in asked
    linked = [path for path in asked if not path.startswith(f"/static/v-{_OLD}/")]
    assert len(linked) == len(set(linked)) >= 15  # what was imported, all of it of one version
    assert len({path.split("/")[2] for path in linked}) == 1
    susan.page.evaluate("window.set_message_count(3)")
    assert susan.badge.inner_text().startswith("3")
    # And what is kept has its true name.
    susan.page.unroute("**/people")
    assert {loaded for path, loaded in _open(susan.page, "/people") if path.endswith("/badge.js")} == {False}


_SOCKET_CLIENT = ROOT / "static" / "vendor" / "socket.io.js"
_IMPORT = """async (address) => {
  const { io } = await import(address);
  const socket = io("/none", { transports: ["websocket"], autoConnect: false });
  return [typeof io, socket.nsp, socket.connected];
}"""


@pytest.mark.skipif(not _SOCKET_CLIENT.exists(), reason="scripts/client.sh could not install the socket's client")
def test_the_sockets_client_runs_as_a_module_and_is_loaded_once(windows: Windows) -> None:
    page = windows.newcomer("susan").page
    address = f"/static/vendor/socket.io.js?v={fingerprint(_SOCKET_CLIENT)}"
    for expected in (True, False):
        page.goto("/people")
        assert page.evaluate(_IMPORT, address) == ["function", "/none", False]
        loaded = {script["path"]: script["loaded"] for script in page.evaluate(_SCRIPTS)}
        assert loaded[address] is expected
