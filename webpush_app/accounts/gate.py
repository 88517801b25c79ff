"""How Flask-Login learns who is signed in, and what happens to somebody who is not."""

from typing import Any

from flask import Flask, current_app, flash, redirect, request, url_for
from flask_babel import gettext as _

from webpush_app.accounts import sessions
from webpush_app.errors import NotSignedIn
from webpush_app.web.error_pages import wants_json
from webpush_app.web.extensions import login_manager


def init_app(app: Flask) -> None:
    login_manager.init_app(app)
    # Sessions are rows that can be ended; a person's address may change on a train without signing them out.
    login_manager.session_protection = None
    login_manager.user_loader(sessions.load_user)
    login_manager.unauthorized_handler(_ask_to_sign_in)


def _ask_to_sign_in() -> Any:
    if wants_json():
        raise NotSignedIn(_("Please sign in first."))
    flash(_("Please sign in first."), "info")
    return redirect(url_for("login.login", next=_way_back()))


def _way_back() -> str | None:
    """Where to go on after signing in: this page, if it can be opened by a link."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    adapter = current_app.create_url_adapter(request)
    return request.path if adapter is not None and adapter.test(request.path, "GET") else None
