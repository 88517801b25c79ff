"""The stand-in for Google's backend and the real Chromium, tried with a site that does nothing but push."""

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Page, Playwright
from py_vapid import Vapid
from pywebpush import WebPusher

from tests.engine.processes import wait_until
from tests.push.browser_keys import as_base64url
from tests.push.chromium import Permission, RealChromium, real_chromium, site_of, text_of
from tests.push.chromium_backend import Backend, running
from tests.push.desktop import Desktop, desktop

pytestmark = [pytest.mark.browser, pytest.mark.desktop]

PAGE = "<!doctype html><title>A site</title>"
WORKER = """
self.addEventListener("push", (event) => {
  const { title, ...options } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { ...options, data: options.url }));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(self.clients.openWindow(event.notification.data));
});
"""
SUBSCRIBE = """async (applicationServerKey) => {
  await navigator.serviceWorker.register("/worker.js");
  const { pushManager } = await navigator.serviceWorker.ready;
  return (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey })).toJSON();
}"""
UNSUBSCRIBE = """async () => {
  const { pushManager } = await navigator.serviceWorker.ready;
  return (await pushManager.getSubscription()).unsubscribe();
}"""
HEADERS = {
    "TTL": "60",
    "Urgency": "high",
    "Content-Encoding": "aes128gcm",
    "Content-Type": "application/octet-stream",
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_worker = self.path == "/worker.js"
        body = (WORKER if is_worker else PAGE).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if is_worker else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        pass


def _new_key() -> Vapid:
    key = Vapid()
    key.generate_keys()
    return key


@dataclass
class Site:
    url: str
    browser: RealChromium
    key: Vapid = field(default_factory=_new_key)
    subscription: dict[str, Any] = field(default_factory=dict)

    def subscribe(self) -> Page:
        self.browser.allow_notifications(self.url)
        page = self.browser.open(f"{self.url}/")
        point = self.key.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.subscription = page.evaluate(SUBSCRIBE, as_base64url(point))
        return page

    def push(
        self, title: str, *, key: Vapid | None = None, headers: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[int, str]:
        """The status, and what the push service had to say."""
        payload = json.dumps({"title": title, "body": f"{title}’s text", "url": "/opened"}).encode()
        endpoint = urlsplit(self.subscription["endpoint"])
        claims = {"sub": "mailto:admin@example.com", "aud": f"https://{endpoint.netloc}", "exp": int(time.time()) + 600}
        body = WebPusher(self.subscription).encode(payload)["body"]
        signed = {**HEADERS, **headers, **(key or self.key).sign(claims)}
        return _post(self.browser.backend, endpoint.netloc, endpoint.path, body, signed)


def _post(backend: Backend, host: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """With the name of the real push service checked, at the address of the stand-in."""
    context = ssl.create_default_context(cafile=backend.ca_file)
    with (
        socket.create_connection(("127.0.0.1", backend.port)) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        connection = http.client.HTTPConnection(host)
        connection.sock = secure
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with running(tmp_path_factory.mktemp("backend")) as started:
        yield started


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desktop]:
    with desktop(tmp_path_factory.mktemp("desktop")) as started:
        yield started


@pytest.fixture(scope="module")
def browser(
    playwright: Playwright, backend: Backend, screen: Desktop, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealChromium]:
    with real_chromium(playwright, tmp_path_factory.mktemp("chromium"), backend, screen) as started:
        yield started


@pytest.fixture
def address() -> Iterator[str]:
    """Of a site that no browser has seen."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="site")
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def site(address: str, browser: RealChromium) -> Iterator[Site]:
    yield Site(address, browser)
    browser.close_pages()


def test_a_push_is_shown_with_no_page_of_the_site_open_and_a_click_opens_its_page(site: Site, screen: Desktop) -> None:
    site.subscribe()
    site.browser.close_pages()
    assert site.push("Susan")[0] == 201
    shown = screen.wait_for(lambda shown: shown.title == "Susan")
    assert (site_of(shown), text_of(shown)) == (urlsplit(site.url).netloc, "Susan’s text")
    with site.browser.context.expect_page() as opened:
        screen.click(shown)
    opened.value.wait_for_url(f"{site.url}/opened")


def test_a_push_signed_with_another_key_is_refused_and_never_shown(site: Site, screen: Desktop) -> None:
    site.subscribe()
    assert site.push("Forged", key=_new_key()) == (403, "k is not the key that the subscription was made with")
    assert site.browser.backend.refusals[-1].status == 403
    assert site.push("Signed")[0] == 201
    # Pushes are shown in their order: the forged one would have come first.
    screen.wait_for(lambda shown: shown.title == "Signed")
    assert "Forged" not in [shown.title for shown in screen.shown]


def test_headers_that_a_push_service_refuses_are_refused(site: Site) -> None:
    site.subscribe()
    assert site.push("Without a time to live", headers={"TTL": "0"})[0] == 400
    assert site.push("Of another kind", headers={"Content-Encoding": "aesgcm"})[0] == 400


def test_what_was_pushed_can_be_asserted(site: Site) -> None:
    site.subscribe()
    backend = site.browser.backend
    before = len(backend.received)
    site.push("Noted", headers={"Topic": "a-topic", "Urgency": "low"})
    push = backend.wait_for_push(before + 1)
    assert push.endpoint == site.subscription["endpoint"]
    assert push.registration is backend.registrations[-1]
    assert (push.ttl_seconds, push.urgency, push.topic) == (60, "low", "a-topic")
    assert push.claims.subject == "mailto:admin@example.com"
    backend.wait_until_delivered()


def test_a_subscription_given_up_is_gone_and_one_never_made_is_unknown(site: Site) -> None:
    """The page is told before Google is."""
    page = site.subscribe()
    registration = site.browser.backend.registrations[-1]
    assert page.evaluate(UNSUBSCRIBE) is True
    wait_until(lambda: registration.is_gone, 30)
    assert site.push("To nobody")[0] == 410
    site.subscription["endpoint"] += "x"
    assert site.push("To nobody")[0] == 404


def test_a_push_waits_for_a_browser_that_is_closed(
    playwright: Playwright, address: str, backend: Backend, screen: Desktop, tmp_path: Path
) -> None:
    with real_chromium(playwright, tmp_path, backend, screen) as first:
        site = Site(address, first)
        site.subscribe()
    assert site.push("Replaced", headers={"Topic": "one"})[0] == 201
    assert site.push("Kept", headers={"Topic": "one"})[0] == 201
    assert [push.endpoint for push in backend.waiting].count(site.subscription["endpoint"]) == 1
    with real_chromium(playwright, tmp_path, backend, screen) as second:
        second.allow_notifications(address)
        screen.wait_for(lambda shown: shown.title == "Kept", timeout=40)
    assert "Replaced" not in [shown.title for shown in screen.shown]


def test_the_person_answers_as_the_test_says(site: Site) -> None:
    page = site.browser.open(f"{site.url}/")
    for permission in Permission:
        site.browser.permit_notifications(site.url, permission)
        read = "default" if permission == Permission.DEFAULT else permission
        assert page.evaluate("Notification.permission") == read
        assert page.evaluate("Notification.requestPermission()") == read
