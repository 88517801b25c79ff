"""The socket's client is served from here where the start could get it, and pages know where it could not."""

from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient

from tests.conftest import AppMaker
from webpush_app.config import ROOT
from webpush_app.web import headers, socket_client
from webpush_app.web.socket_client import socket_client_url

INSTALLED = ROOT / "static" / "vendor" / "socket.io.js"
installed = pytest.mark.skipif(not INSTALLED.exists(), reason="scripts/client.sh could not install the socket's client")


def _site(folder: Path) -> Flask:
    """With other files than those of the checkout."""
    app = Flask("site", static_folder=str(folder), static_url_path="/static")
    headers.init_app(app)
    socket_client.init_app(app)
    return app


def _address(app: Flask) -> str:
    with app.test_request_context():
        return render_template_string("{{ socket_client_url() or 'missing' }}")


@installed
def test_what_the_start_has_installed_is_served_as_a_module_and_kept_for_ever(
    app: Flask, stranger: FlaskClient
) -> None:
    address = _address(app)
    assert address.startswith("/static/vendor/socket.io.js?v=")
    with stranger.get(address) as answer:
        assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert " as io" in answer.data.decode()


@installed
def test_its_licence_lies_beside_it(stranger: FlaskClient) -> None:
    with stranger.get("/static/vendor/socket.io.LICENSE.txt") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "text/plain")
        for package in ("socket.io-client", "socket.io-parser", "engine.io-client", "engine.io-parser"):
            assert f"{package}\n\n" in answer.data.decode()


def test_pages_know_where_it_is_missing_and_where_it_is(tmp_path: Path) -> None:
    assert _address(_site(tmp_path)) == "missing"
    (tmp_path / "vendor").mkdir()
    assert _address(_site(tmp_path)) == "missing"
    (tmp_path / "vendor" / "socket.io.js").write_text("export const io = 1;\n", encoding="utf-8")
    assert _address(_site(tmp_path)).startswith("/static/vendor/socket.io.js?v=")


def test_a_page_is_shown_also_when_the_file_is_lost_meanwhile(tmp_path: Path) -> None:
    file = tmp_path / "vendor" / "socket.io.js"
    file.parent.mkdir()
    file.write_text("export const io = 2;\n", encoding="utf-8")
    app = _site(tmp_path)
    file.unlink()
    headers.fingerprint.cache_clear()
    assert _address(app).startswith("/static/vendor/socket.io.js?v=")


def test_every_app_knows(make_app: AppMaker) -> None:
    app = make_app()
    with app.test_request_context():
        assert (socket_client_url() is not None) == INSTALLED.exists()
        assert app.jinja_env.globals["socket_client_url"] is socket_client_url
