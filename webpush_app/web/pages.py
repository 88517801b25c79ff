"""The pages that belong to no feature: the front page, and whether the service is alive."""

from flask import Blueprint, Response, current_app, jsonify, render_template

pages = Blueprint("pages", __name__)


@pages.get("/")
def index() -> str:
    return render_template("web/index.html")


@pages.get("/healthz")
def healthz() -> Response:
    """Alive: answers without asking the database, so that a busy disk does not look like a dead process."""
    response: Response = jsonify({"status": "ok"})
    response.headers["Cache-Control"] = "no-store"
    return response


@pages.get("/favicon.ico")
def favicon() -> Response:
    """Browsers ask here whatever the page says."""
    return current_app.send_static_file("icons/icon.svg")
