"""The inbox: a page, the panel that opens below the bell, and reading; for scripts and the service worker by JSON."""

from flask import Blueprint, Flask, Response, current_app, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.wrappers import Response as AnyResponse

from webpush_app.accounts.gate import begin_write_signed_in
from webpush_app.database import db
from webpush_app.errors import InvalidInput
from webpush_app.notifications import inbox
from webpush_app.notifications.listing import Entry, list_inbox
from webpush_app.notifications.models import InboxItem
from webpush_app.notifications.news import as_since
from webpush_app.notifications.unread import inbox_of, standing_of
from webpush_app.web import json_requests
from webpush_app.web.guards import is_own_page, page_number, refuse_prefetch
from webpush_app.web.paging import Page, existing

inbox_routes = Blueprint("inbox", __name__, url_prefix="/inbox")
inbox_api_routes = Blueprint("inbox_api", __name__, url_prefix="/api/inbox")
json_requests.guard(inbox_api_routes)

_IN_THE_PANEL = 6
_LARGEST_ID = 2**53


def init_app(app: Flask) -> None:
    app.register_blueprint(inbox_routes)
    app.register_blueprint(inbox_api_routes)
    app.context_processor(lambda: {"standing_of": standing_of, "as_since": as_since})


@inbox_routes.get("")
@login_required
def show() -> AnyResponse | str:
    unread_only, page = request.args.get("show") == "unread", page_number()
    found = list_inbox(current_user.id, page, current_app.config["ITEMS_PER_PAGE"], unread_only=unread_only)
    if unread_only and page > 1 and not found.items:  # who reads the last one of a page is led back to it
        return redirect(url_for("inbox.show", show="unread"))
    return render_template("notifications/inbox.html", entries=existing(found), unread_only=unread_only)


@inbox_routes.get("/panel")
@login_required
def panel() -> str:
    newest: Page[Entry] = list_inbox(current_user.id, 1, _IN_THE_PANEL)
    return render_template("notifications/panel.html", entries=newest, unread=inbox_of(current_user.id).count)


@inbox_routes.get("/<int(max=9007199254740992):item_id>")
@login_required
def open_item(item_id: int) -> AnyResponse:
    """Where an item leads to; whoever goes there has read it."""
    refuse_prefetch()
    person = begin_write_signed_in()
    item = inbox.read_item(person, item_id) if request.method == "GET" else None
    db.session.commit()
    return redirect(_target(item) or url_for("inbox.show"))


@inbox_routes.route("/<int(max=9007199254740992):item_id>/read", methods=["GET", "POST"])
@login_required
def read(item_id: int) -> AnyResponse:
    """Also as a link, as in the tutorials: to read what is one's own does no harm."""
    refuse_prefetch()
    person = begin_write_signed_in()
    if request.method != "HEAD":
        inbox.read_item(person, item_id)
    db.session.commit()
    return redirect(_back())


@inbox_routes.post("/read")
@login_required
def read_everything() -> AnyResponse:
    inbox.read_everything(begin_write_signed_in())
    db.session.commit()
    return redirect(_back())


@inbox_api_routes.post("/read")
@login_required
def read_by_json() -> Response:
    """`{"id": 12}` or `{"all": true}`; the answer says how the inbox stands afterwards."""
    given = json_requests.body()
    person = begin_write_signed_in()
    if given.get("all") is True:
        inbox.read_everything(person)
    else:
        inbox.read_item(person, _item_in(given.get("id")))
    standing = inbox_of(person.id)
    db.session.commit()
    return jsonify({"status": "success", "result": standing.to_json()})


def _item_in(number: object) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number <= _LARGEST_ID:
        raise InvalidInput(_("Name an item of your inbox by its `id`, or send `all`: true."), field="id")
    return number


def _target(item: InboxItem | None) -> str | None:
    if item is None:
        return None
    said = inbox.describe(item)
    return said.url if said and is_own_page(said.url) else None


def _back() -> str:
    """To the page of the list that one comes from."""
    wanted = request.values.get("next")
    return wanted if wanted and is_own_page(wanted) else url_for("inbox.show")
