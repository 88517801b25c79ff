"""What a browser needs to be pushed to: the worker at its two addresses, the manifest, its icons, what pages say."""

import json
import re
import struct
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import AppMaker
from tests.people import Browser
from webpush_app.config import ROOT
from webpush_app.subscriptions import keyring

WORKERS = ("/service_worker.js", "/static/service_worker.js")
SIGNATURE = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize("path", [*WORKERS, "/static/service_worker.js?v=1"])
def test_the_worker_may_serve_the_whole_site_and_is_never_an_old_one(
    stranger: FlaskClient, susan: Browser, path: str
) -> None:
    for client in (stranger, susan.client):
        with client.get(path) as answer:
            assert answer.status_code == 200
            assert answer.data == (ROOT / "static" / "service_worker.js").read_bytes()
            assert answer.headers["Service-Worker-Allowed"] == "/"
            assert answer.headers["Cache-Control"] == "no-cache"
            assert answer.mimetype == "text/javascript"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
            assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
            assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", WORKERS)
def test_a_browser_that_has_it_is_told_that_it_is_still_the_same(stranger: FlaskClient, path: str) -> None:
    with stranger.get(path) as answer:
        tag = answer.headers["ETag"]
    with stranger.get(path, headers={"If-None-Match": tag}) as answer:
        assert answer.status_code == 304
        assert answer.headers["Service-Worker-Allowed"] == "/"
        assert answer.headers["Cache-Control"] == "no-cache"


def test_no_other_file_may_serve_the_whole_site(stranger: FlaskClient) -> None:
    for path in ("/static/register_service_worker.js", "/static/js/main.js", "/static/no/service_worker.js", "/"):
        with stranger.get(path) as answer:
            assert "Service-Worker-Allowed" not in answer.headers, path


def test_the_script_that_the_tutorials_load_is_there(stranger: FlaskClient) -> None:
    with stranger.get("/static/register_service_worker.js") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
        assert "window.registerServiceWorker ??= " in answer.data.decode()
    script = r'<script defer src="/static/v-\w+/register_service_worker\.js"></script>'
    assert len(re.findall(script, stranger.get("/").text)) == 1


def _manifest(client: FlaskClient) -> dict[str, Any]:
    answer = client.get("/manifest.webmanifest")
    assert (answer.status_code, answer.content_type) == (200, "application/manifest+json")
    read: dict[str, Any] = json.loads(answer.text)
    return read


def test_the_manifest_says_what_the_site_is_called_and_how_it_opens(stranger: FlaskClient) -> None:
    manifest = _manifest(stranger)
    assert {name: manifest[name] for name in ("id", "start_url", "scope", "display")} == {
        "id": "/",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
    }
    assert (manifest["name"], manifest["short_name"]) == ("Webpush", "Webpush")
    assert all(manifest[name][0] == "#" and len(manifest[name]) == 7 for name in ("theme_color", "background_color"))
    page = stranger.get("/").text
    assert '<link rel="manifest" href="/manifest.webmanifest">' in page
    assert f'<meta name="theme-color" content="{manifest["theme_color"]}">' in page


@pytest.mark.parametrize("name", ['Grüße & "Küsse" </script>', "x" * 40])
def test_the_name_is_the_sites_own(make_app: AppMaker, name: str) -> None:
    manifest = _manifest(make_app(site_name=name).test_client())
    assert manifest["name"] == name
    assert name.startswith(manifest["short_name"])
    assert 0 < len(manifest["short_name"]) <= 12


def _pixels(client: FlaskClient, path: str) -> tuple[int, int]:
    """The size that stands in a PNG file itself."""
    with client.get(path) as answer:
        assert (answer.status_code, answer.mimetype) == (200, "image/png"), path
        assert answer.data[:8] == SIGNATURE
        assert answer.data[12:16] == b"IHDR"
        width, height = struct.unpack("!II", answer.data[16:24])
        return width, height


def test_every_icon_is_there_and_as_large_as_it_says(stranger: FlaskClient) -> None:
    icons = _manifest(stranger)["icons"]
    for icon in icons:
        assert icon["type"] == "image/png"
        width, height = _pixels(stranger, icon["src"])
        assert icon["sizes"] == f"{width}x{height}"
    # What browsers ask for before they offer to install a site.
    offered = {(icon["sizes"], icon["purpose"]) for icon in icons}
    assert offered == {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")}


def test_so_are_the_icons_that_others_name(stranger: FlaskClient) -> None:
    assert _pixels(stranger, "/static/icons/apple-touch-icon-180.png") == (180, 180)
    assert '<link rel="apple-touch-icon" href="/static/icons/apple-touch-icon-180.png?v=' in stranger.get("/").text
    worker = (ROOT / "static" / "service_worker.js").read_text(encoding="utf-8")
    for path, size in (("/static/icons/icon-192.png", 192), ("/static/icons/badge-96.png", 96)):
        assert f'"{path}"' in worker
        assert _pixels(stranger, path) == (size, size)


def test_a_page_says_where_the_worker_is_and_with_which_key_to_subscribe(
    app: Flask, susan: Browser, stranger: FlaskClient
) -> None:
    with app.app_context():
        key = keyring.current_key().public
    said = f' data-push-worker="/service_worker.js" data-push-key="{key}" data-push-api="/api/push-subscriptions">'
    for client in (stranger, susan.client):
        for path in ("/", "/login") if client is stranger else ("/", "/people", "/messages", "/user/susan"):
            page = client.get(path).text
            assert page.count(said) == 1, path
            body = page[page.index("<body") : page.index(said)]
            assert ("data-user" in body) == (client is susan.client), path


def test_an_error_page_depends_on_nothing_of_it(susan: Browser, stranger: FlaskClient) -> None:
    for client in (stranger, susan.client):
        for path in ("/none", "/people?page=0", "/static/none.js", "/user/%00"):
            page = client.get(path, follow_redirects=False)
            assert page.status_code in (302, 400, 404)
            assert "data-push-" not in page.text, path
    assert "data-push-" not in susan.get("/admin").text
