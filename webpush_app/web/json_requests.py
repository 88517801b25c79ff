"""What a route for programs asks of a request: JSON, from our own pages, and not too much of it.

Such routes ask for no CSRF token. Another site can make a browser send neither `application/json` nor our `Origin`.
"""

from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext as _
from flask_login import current_user

from webpush_app.errors import Conflict, InvalidInput, NotAllowed
from webpush_app.web.extensions import csrf
from webpush_app.web.origins import names_this_site

MOST_BODY_BYTES = 16 * 1024
USER_HEADER = "Webpush-User"


class OtherViewer(Conflict):
    code = "other_viewer"


def guard(blueprint: Blueprint) -> None:
    """Every route of the blueprint that changes something stands behind this."""
    csrf.exempt(blueprint)
    blueprint.before_request(_check)
    blueprint.after_request(_say_who)


def body() -> dict[str, Any]:
    try:
        given = request.get_json(silent=True)
    except RecursionError:  # thousands of brackets
        given = None
    if not isinstance(given, dict):
        raise InvalidInput(_("The body must be a JSON object."))
    return given


def _check() -> None:
    request.max_content_length = MOST_BODY_BYTES
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    if not names_this_site(request.headers.get("Origin", ""), request.scheme, request.host):
        raise NotAllowed(_("This works from this site's own pages only: the Origin header must name this site."))
    if not request.is_json:
        raise InvalidInput(_("Send JSON, with the header Content-Type: application/json."))
    check_viewer()


def check_viewer() -> None:
    """A page says for whom it was opened. After they signed out, or somebody else signed in, it is too late."""
    said = request.headers.get(USER_HEADER)
    if said is not None and said != _viewer():
        raise OtherViewer(_("You have signed in or out meanwhile. Load this page again."))


def _say_who(response: Response) -> Response:
    """Whose answer this is: a page that was opened by somebody else, before they signed out, must not act on it."""
    response.headers[USER_HEADER] = _viewer()
    return response


def _viewer() -> str:
    return str(current_user.id) if current_user.is_authenticated else ""
