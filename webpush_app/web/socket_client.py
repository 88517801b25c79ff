"""Where pages find the socket's client: the start command puts it among the files, unless it could not get it."""

from pathlib import Path

from flask import Flask, current_app, url_for

from webpush_app.web.headers import fingerprint

_FILE = "vendor/socket.io.js"


def init_app(app: Flask) -> None:
    file = Path(app.static_folder or "") / _FILE
    app.extensions["socket_client"] = fingerprint(file) if file.is_file() else None
    app.jinja_env.globals["socket_client_url"] = socket_client_url


def socket_client_url() -> str | None:
    """The address of the ES module that exports `io`; None where it is missing, and pages have to ask by themselves."""
    version = current_app.extensions["socket_client"]
    return url_for("static", filename=_FILE, v=version) if version else None
