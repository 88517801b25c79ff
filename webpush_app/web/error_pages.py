"""Every error becomes an answer here, as a page or as JSON, whichever the caller reads."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from webpush_app.database import db
from webpush_app.errors import AppError, DatabaseBusy
from webpush_app.logs import line
from webpush_app.web.viewer import make_viewer_a_stranger

log = logging.getLogger(__name__)

_JSON_PATHS = ("/api/", "/admin-api/", "/notifications")


def init_app(app: Flask) -> None:
    app.register_error_handler(AppError, _recovered(_app_error))
    app.register_error_handler(CSRFError, _recovered(_csrf_error))
    app.register_error_handler(HTTPException, _recovered(_http_error))
    app.register_error_handler(Exception, _recovered(_unexpected))


def wants_json() -> bool:
    accepted = request.accept_mimetypes
    prefers_json = accepted["application/json"] > accepted["text/html"]
    return prefers_json or request.is_json or request.path.startswith(_JSON_PATHS)


def _app_error(error: AppError) -> Response:
    response = _answer(error.status, error.code, str(error.message), error.field)
    if error.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def _csrf_error(_error: CSRFError) -> Response:
    if current_app.config["SESSION_COOKIE_NAME"] not in request.cookies:
        message = _(
            "Your browser sent no cookie with this form. Allow cookies for this site; and away from localhost, "
            "open it by an https address, because browsers keep its cookies only there."
        )
    else:
        message = _("This form is out of date. Go back, reload the page and send it again.")
    return _answer(400, "csrf", message)


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None:  # a redirect, or an answer that was already made
        return make_response(error.response)
    response = _answer(status, error.name.lower().replace(" ", "_"), message_for(status))
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    # The rule, not the path: it may hold a one-time link, or say who reads whose messages.
    log.error(line("unexpected_error", method=request.method, route=request.url_rule), exc_info=error)
    return _answer(500, "internal_error", message_for(500))


def message_for(status: int) -> str:
    known: dict[int, str] = {
        400: _("The request could not be understood."),
        401: _("Please sign in first."),
        403: _("You are not allowed to do this."),
        404: _("There is no page at this address. It may have been moved, or the link may be wrong."),
        405: _("This address cannot be used in this way."),
        413: _("What you sent is too large. Please shorten it and try again."),
        429: _("That was too often. Please wait a moment and try again."),
        500: _("Something went wrong on our side. It has been noted; please try again."),
        503: _("The service is very busy. Please try again in a moment."),
    }
    return known.get(status) or str(_("The request could not be fulfilled."))


def _answer(status: int, code: str, message: str, field: str | None = None) -> Response:
    if wants_json():
        body: dict[str, Any] = {"status": "error", "code": code, "message": message}
        if field:
            body["field"] = field
        response = jsonify(body)
    else:
        response = make_response(render_template("web/error.html", status=status, message=message))
    response.status_code = status
    return response


def _recovered(answer: Callable[[Any], Response]) -> Callable[[Any], Response]:
    """What was begun is not written, and where the database cannot even say who is signed in, nobody is."""

    def handle(error: Any) -> Response:
        db.session.rollback()
        _forget_viewer_if_unknown()
        try:
            return answer(error)
        except Exception as problem:
            # Drawn for whoever is signed in, a page asks the database too; a stranger's does not.
            log.exception(line("error_page_not_drawn"), exc_info=_is_news(problem))
            db.session.rollback()
            make_viewer_a_stranger()
            return answer(error)

    return handle


def _forget_viewer_if_unknown() -> None:
    """An error page is shown as to a stranger then; its words are chosen by the browser's language."""
    try:
        bool(current_user.is_authenticated)
    except Exception as problem:
        log.exception(line("viewer_of_an_error_page_not_loaded"), exc_info=_is_news(problem))
        make_viewer_a_stranger()


def _is_news(problem: Exception) -> bool:
    """That the database is away is said once for each try, and where it was tried says nothing more."""
    return not isinstance(problem, DatabaseBusy)
