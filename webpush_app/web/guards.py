"""Small gates that routes stand behind: no NUL, no reading by a prefetch, pages that exist, links to ourselves."""

from urllib.parse import urlsplit

from flask import Flask, current_app, request
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from webpush_app.errors import InvalidInput, TemporarilyUnavailable
from webpush_app.web.extensions import csrf
from webpush_app.web.paging import no_such_page

MOST_BODY_BYTES = 64 * 1024
_DEEPEST_PAGE = 1_000_000


def init_app(app: Flask) -> None:
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MOST_BODY_BYTES
    # Flask-WTF looks for exemptions before it looks whether the method changes anything.
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    app.before_request(_refuse_forged_forms)
    app.before_request(_refuse_nul)


def _refuse_forged_forms() -> None:
    if request.method in current_app.config["WTF_CSRF_METHODS"]:
        csrf.protect(apply_exemptions=True)


def _refuse_nul() -> None:
    """PostgreSQL cannot store NUL, and no keyboard types it."""
    if "\0" in request.path or (_may_hold_nul(request.query_string) and _holds_nul(request.args)):
        raise _no_text()
    # The body of JSON is not touched here: whoever reads it sets how long it may be.
    if (request.content_type or request.content_length) and not request.is_json and _holds_nul(request.form):
        raise _no_text()


def _may_hold_nul(query: bytes) -> bool:
    return b"%00" in query or b"\0" in query


def _holds_nul(given: MultiDict[str, str]) -> bool:
    return any("\0" in text for name, values in given.lists() for text in (name, *values))


def _no_text() -> InvalidInput:
    return InvalidInput(_("What you sent holds a character that is not text. Please remove it and try again."))


def refuse_prefetch() -> None:
    """For pages that change something when a person opens them. A refused prefetch is fetched again on the click."""
    hints = (request.headers.get(name, "") for name in ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"))
    if any("prefetch" in hint.lower() or "preview" in hint.lower() for hint in hints):
        raise TemporarilyUnavailable(_("This page opens only when you go there yourself."), retry_after_seconds=1)


def page_number() -> int:
    """`?page=` as a number from 1; whatever else stands there is a page that does not exist."""
    given = request.args.get("page", "1")
    if not (given.isascii() and given.isdigit() and len(given) < 8 and 1 <= int(given) <= _DEEPEST_PAGE):
        raise no_such_page()
    return int(given)


def is_own_page(target: str | None) -> bool:
    """A path on this site: not another host, in any of the spellings browsers accept (`//host`, `/\\host`)."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return False
    if "\\" in target or not target.isprintable():
        return False
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return not parts.scheme and not parts.netloc
