"""`/admin`: write to many at once, and see how far it is. `/admin-api/`: the same for programs."""

from typing import Any

from flask import Blueprint, Flask, Response, flash, jsonify, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from webpush_app.accounts.gate import admin_required, begin_write_as_admin
from webpush_app.accounts.service import CONTACT_EMAIL, remember_fact
from webpush_app.broadcasts import audiences, service
from webpush_app.broadcasts.forms import BroadcastForm, ContactForm
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import after_commit, db
from webpush_app.delivery.models import Lane
from webpush_app.delivery.outbox import TellDue
from webpush_app.errors import InvalidInput, NotFound
from webpush_app.subscriptions import keyring
from webpush_app.web import json_requests, sending_keys
from webpush_app.web.fields import typed
from webpush_app.web.sending_keys import bound

admin_routes = Blueprint("admin", __name__, url_prefix="/admin")
admin_api_routes = Blueprint("admin_api", __name__, url_prefix="/admin-api")
json_requests.guard(admin_api_routes)

Answer = str | AnyResponse | tuple[str, int]
_SHOWN = 10


def init_app(app: Flask) -> None:
    app.register_blueprint(admin_routes)
    app.register_blueprint(admin_api_routes)
    app.jinja_env.filters["audience_in_words"] = audiences.in_words


@admin_routes.get("")
@admin_required
def index() -> Answer:
    return _page(BroadcastForm())


@admin_routes.post("")
@admin_required
def send() -> Answer:
    form = BroadcastForm()
    if not form.validate_on_submit():
        return _page(form), 422
    content = typed(form.title), typed(form.body), typed(form.link), typed(form.audience)
    row = _start(*content, sending_key=bound(typed(form.sending_key), *content))
    flash(*_said(row))
    return redirect(url_for("admin.index"))


@admin_routes.post("/contact")
@admin_required
def save_contact() -> Answer:
    form = ContactForm()
    if not form.validate_on_submit():
        return _page(BroadcastForm(formdata=None), contact_form=form), 422
    begin_write_as_admin()
    remember_fact(CONTACT_EMAIL, typed(form.contact_email))
    for lane in Lane:  # they have waited for this
        after_commit(TellDue(lane))
    db.session.commit()
    flash(_("Saved. Pushes can be sent now."), "success")
    return redirect(url_for("admin.index"))


@admin_api_routes.post("/trigger-push-notifications")
@admin_required
def trigger() -> tuple[Response, int]:
    key = sending_keys.from_header()
    given = json_requests.body()
    texts = {name: _text_in(given, name) for name in ("title", "body", "link")}
    audience = audiences.check(given.get("audience", audiences.EVERYONE))
    _check(texts, audience)
    # Bound to nothing: the same key with another text is a mistake that a program wants to be told of.
    row = _start(texts["title"], texts["body"], texts["link"], audience, sending_key=key and bound(key))
    result = {"id": row.id, "audience_size": row.audience_size, "url": url_for("admin_api.show", broadcast_id=row.id)}
    return jsonify({"status": "success", "result": result}), 201


@admin_api_routes.get("/broadcasts/<int(max=2147483647):broadcast_id>")
@admin_required
def show(broadcast_id: int) -> Response:
    row = db.session.get(Broadcast, broadcast_id)
    if row is None:
        raise NotFound(_("There is no such broadcast."))
    return jsonify({"status": "success", "result": {"id": row.id, **_numbers(row)}})


def _said(row: Broadcast) -> tuple[str, str]:
    if not row.audience_size:
        return f"{_('No browser of this audience has notifications turned on.')} {_who_finds_it(row)}", "info"
    words = ngettext(
        "Your broadcast is on its way to %(num)d browser.",
        "Your broadcast is on its way to %(num)d browsers.",
        row.audience_size,
    )
    return words, "success"


def _who_finds_it(row: Broadcast) -> str:
    has_accounts = audiences.has_accounts(row.audience)
    return str(_("Whoever has an account finds it in the inbox.") if has_accounts else _("Nobody was reached."))


def _start(title: str, body: str, link: str, audience: str, *, sending_key: str | None) -> Broadcast:
    author = begin_write_as_admin()
    row = service.start_broadcast(author, title, body, link, audience, sending_key=sending_key)
    db.session.commit()
    return row


def _page(form: BroadcastForm, *, contact_form: ContactForm | None = None) -> str:
    contact = keyring.contact()
    if contact_form is None and contact is None:
        contact_form = ContactForm(formdata=None)
    shown = [(row, service.progress(row)) for row in service.list_broadcasts(_SHOWN)]
    return render_template(
        "broadcasts/admin.html", form=form, contact=contact, contact_form=contact_form, broadcasts=shown
    )


def _numbers(row: Broadcast) -> dict[str, Any]:
    progress = service.progress(row)
    return {
        "total": progress.total,
        "waiting": progress.waiting,
        "accepted": progress.accepted,
        "failed": progress.failed,
        "is_done": progress.is_done,
    }


def _text_in(given: dict[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise InvalidInput(_("`%(name)s` is a text.", name=name), field=name)
    return value


def _check(texts: dict[str, str], audience: str) -> None:
    """By the rules of the form; the texts come back tidied."""
    form = BroadcastForm(formdata=MultiDict({**texts, "audience": audience}), meta={"csrf": False})
    if not form.validate():
        name, messages = next(iter(form.errors.items()))
        raise InvalidInput(str(messages[0]), field=name)
    texts.update({name: typed(form[name]) for name in texts})
