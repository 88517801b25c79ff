"""The pages that belong to no feature: the front page, and what machines ask: is it alive, is it ready, what does it
do?"""

from flask import Blueprint, Response, current_app, jsonify, render_template, url_for
from flask_babel import gettext as _

from webpush_app.web import metrics as figures
from webpush_app.web import readiness

pages = Blueprint("pages", __name__)

_ICONS = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("icon-maskable-512.png", "512x512", "maskable"),
)


@pages.get("/")
def index() -> str:
    return render_template("web/index.html")


@pages.get("/healthz")
def healthz() -> Response:
    """Alive: answers without asking the database, so that a busy disk does not look like a dead process."""
    response: Response = jsonify({"status": "ok"})
    response.headers["Cache-Control"] = "no-store"
    return response


@pages.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Ready: the database answers, somebody sends pushes, and none waits for too long."""
    report = readiness.current_report()
    response: Response = jsonify(report.to_json())
    response.headers["Cache-Control"] = "no-store"
    return response, 200 if report.is_ready else 503


@pages.get("/metrics")
def metrics() -> tuple[Response, int]:
    if not figures.may_read():
        words = _(
            "Metrics are for this machine itself, for admins who are signed in, and for who sends the METRICS_TOKEN."
        )
        response, status = Response(f"{words}\n", content_type="text/plain; charset=utf-8"), 403
    else:
        response, status = Response(figures.render(), content_type=figures.CONTENT_TYPE), 200
    response.headers["Cache-Control"] = "no-store"
    return response, status


@pages.get("/service_worker.js")
def service_worker() -> Response:
    """At the root too, where people of the tutorials look for it. Both addresses may serve the whole site."""
    return current_app.send_static_file("service_worker.js")


@pages.get("/manifest.webmanifest")
def manifest() -> Response:
    """What the site is called once it is installed: iOS pushes to installed sites only."""
    name = current_app.config["SITE_NAME"]
    icons = [
        {"src": url_for("static", filename=f"icons/{file}"), "sizes": sizes, "type": "image/png", "purpose": purpose}
        for file, sizes, purpose in _ICONS
    ]
    response: Response = jsonify(
        id="/",
        name=name,
        short_name=name[:12],
        start_url="/",
        scope="/",
        display="standalone",
        background_color="#f5f6f3",
        theme_color="#0f6b63",
        icons=icons,
    )
    response.content_type = "application/manifest+json"
    return response


@pages.get("/favicon.ico")
def favicon() -> Response:
    """Browsers ask here whatever the page says."""
    return current_app.send_static_file("icons/icon.svg")
