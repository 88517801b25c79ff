"""The headers of every answer: what a page may load, who may frame it, and what may be kept where."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request
from flask_login import current_user
from werkzeug.datastructures import Headers

from webpush_app.web.cookies import VARY

_EVERYWHERE = {
    # `data:` images are Bootstrap's own.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# They say themselves what may be kept, and who asks them is no visitor.
FOR_MACHINES = ("pages.healthz", "pages.readyz", "pages.metrics")
_A_YEAR_SECONDS = 365 * 24 * 3600
FOR_EVER = f"public, max-age={_A_YEAR_SECONDS}, immutable"


def init_app(app: Flask) -> None:
    app.after_request(_add_headers)
    app.url_defaults(_add_version)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    _add_missing(headers, _EVERYWHERE)
    if (request.endpoint or "").endswith("static") and response.status_code < 400:
        if "v" in request.args and response.status_code in (200, 304) and _names_this_content(request.args["v"]):
            headers["Cache-Control"] = FOR_EVER
        if request.path.endswith("/service_worker.js"):
            _serve_the_whole_site(headers)
    elif request.endpoint == "pages.service_worker":
        _serve_the_whole_site(headers)
    elif request.endpoint not in FOR_MACHINES:
        _add_missing(headers, {"Cache-Control": "no-store" if _is_private(response) else "no-cache", "Vary": VARY})
        if headers["Vary"] != VARY:
            response.vary.update(VARY.split(", "))
    return response


def _add_missing(headers: Headers, wanted: Mapping[str, str]) -> None:
    """As `setdefault` for each, which looks through all of them twice every time."""
    there = {name.lower() for name, _value in headers}
    for name, value in wanted.items():
        if name.lower() not in there:
            headers.add(name, value)


def _serve_the_whole_site(headers: Headers) -> None:
    """A worker serves the folder it lies in, unless this says otherwise; and it must never be an old one."""
    headers["Service-Worker-Allowed"] = "/"
    headers["Cache-Control"] = "no-cache"


def _is_private(response: Response) -> bool:
    if response.status_code >= 500:
        return True
    return bool(current_user and current_user.is_authenticated)


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    """The address of a file names the file's content: it may be kept for ever, and is new when the file changes."""
    if endpoint.rpartition(".")[2] == "static" and "v" not in values:
        values["v"] = fingerprint(_file(endpoint, values["filename"]))


def _names_this_content(version: str) -> bool:
    """A page of before an upgrade asks by the old version: what it gets is new, and is not to be kept by that name."""
    return version == fingerprint(_file(request.endpoint or "", (request.view_args or {})["filename"]))


def _file(endpoint: str, filename: str) -> Path:
    blueprint = current_app.blueprints.get(endpoint.rpartition(".")[0])
    return Path((blueprint or current_app).static_folder or "") / filename


@lru_cache
def fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
