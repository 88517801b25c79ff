"""How Flask-Login learns who is signed in, and what happens to somebody who is not."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import Flask, current_app, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required

from webpush_app.accounts import sessions
from webpush_app.accounts.models import LoginSession, User
from webpush_app.accounts.readers import Reader, load_reader
from webpush_app.database import begin_write, is_writing
from webpush_app.errors import NotAllowed, NotSignedIn
from webpush_app.web.error_pages import wants_json
from webpush_app.web.extensions import login_manager
from webpush_app.web.viewer import forget_viewer

_FOR_READERS = "is_for_readers"  # said of a view


def init_app(app: Flask) -> None:
    login_manager.init_app(app)
    # Sessions are rows that can be ended; a person's address may change on a train without signing them out.
    login_manager.session_protection = None
    # What that would compare is not worked out either, at each request, nor carried in every cookie.
    login_manager._session_identifier_generator = str
    login_manager.user_loader(_load)
    login_manager.unauthorized_handler(_ask_to_sign_in)


def _load(token: str) -> User | Reader | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, _FOR_READERS, False) and not is_writing():
        return load_reader(token)
    return sessions.load_user(token)


def begin_write_signed_in() -> User:
    """`begin_write()`, and the person signed in as of now: the session may have ended since the request began."""
    begin_write()
    forget_viewer()
    if not current_user.is_authenticated:
        raise NotSignedIn(_("Please sign in first."))
    person: User = current_user._get_current_object()
    return person


def begin_write_as_viewer() -> User | None:
    """`begin_write()`, and who is looking as of now; None for a stranger."""
    begin_write()
    forget_viewer()
    return current_user._get_current_object() if current_user.is_authenticated else None


def begin_write_as_admin() -> User:
    person = begin_write_signed_in()
    check_is_admin(person)
    return person


def check_is_admin(person: User) -> None:
    if not person.is_admin:
        raise NotAllowed(_("This page is for the admins of this site."))


def admin_required(view: Callable[..., Any]) -> Callable[..., Any]:
    """A stranger is asked to sign in; anybody else who is no admin is turned away."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        check_is_admin(current_user)
        return view(*args, **kwargs)

    return cast("Callable[..., Any]", login_required(guarded))


def reader_required(view: Callable[..., Any]) -> Callable[..., Any]:
    """`login_required` for a view that is asked all the time and only reads: `current_user` is a `Reader` in it."""
    guarded = cast("Callable[..., Any]", login_required(view))
    setattr(guarded, _FOR_READERS, True)
    return guarded


def own_session(person: User) -> LoginSession:
    if person.login_session is None:
        raise NotSignedIn(_("Please sign in first."))
    return person.login_session


def _ask_to_sign_in() -> Any:
    if wants_json():
        raise NotSignedIn(_("Please sign in first."))
    if _is_navigation():
        flash(_("Please sign in first."), "info")
    return redirect(url_for("login.login", next=_way_back()))


def _way_back() -> str | None:
    """Where to go on after signing in: this page, if it can be opened by a link."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    adapter = current_app.create_url_adapter(request)
    return request.path if adapter is not None and adapter.test(request.path, "GET") else None


def _is_navigation() -> bool:
    """A person going somewhere: not a script that fetches, not a browser that guesses."""
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate" and "Sec-Purpose" not in request.headers
