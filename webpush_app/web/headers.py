"""The headers of every answer: what a page may load, who may frame it, and what may be kept where."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, request
from flask_login import current_user
from werkzeug.datastructures import Headers

# `data:` images are Bootstrap's own.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# They say themselves what may be kept, and who asks them is no visitor.
FOR_MACHINES = ("pages.healthz", "pages.readyz", "pages.metrics")
_A_YEAR_SECONDS = 365 * 24 * 3600
FOR_EVER = f"public, max-age={_A_YEAR_SECONDS}, immutable"


def init_app(app: Flask) -> None:
    app.after_request(_add_headers)
    app.url_defaults(_add_version)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers.setdefault("Content-Security-Policy", _CONTENT_SECURITY_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if (request.endpoint or "").endswith("static") and response.status_code < 400:
        if "v" in request.args and response.status_code in (200, 304) and _names_this_content(request.args["v"]):
            headers["Cache-Control"] = FOR_EVER
        if request.path.endswith("/service_worker.js"):
            _serve_the_whole_site(headers)
    elif request.endpoint == "pages.service_worker":
        _serve_the_whole_site(headers)
    elif request.endpoint not in FOR_MACHINES:
        # What a page says depends on who asks, and in which language.
        headers.setdefault("Cache-Control", "no-store" if _is_private(response) else "no-cache")
        response.vary.update(("Cookie", "Accept-Language"))
    return response


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
