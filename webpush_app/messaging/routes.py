"""The pages of private messages. Opening a page of received messages reads them; a prefetch or a HEAD does not."""

from flask import Blueprint, Flask, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from webpush_app.accounts.gate import begin_write_signed_in
from webpush_app.accounts.service import get_user
from webpush_app.database import db
from webpush_app.messaging import service
from webpush_app.messaging.composing import conversation_with
from webpush_app.messaging.forms import MessageForm
from webpush_app.web.fields import typed
from webpush_app.web.guards import page_number, refuse_prefetch
from webpush_app.web.paging import existing

message_routes = Blueprint("messaging", __name__)

Answer = str | Response | tuple[str, int]
_NOTHING_NEW: frozenset[int] = frozenset()
SENT_TO = "sent-to"  # a flash that the page does not show: it tells the browser which draft is done with


def init_app(app: Flask) -> None:
    app.register_blueprint(message_routes)
    app.context_processor(lambda: {"count_unread": service.count_unread})


@message_routes.get("/send_message/<recipient>")
@login_required
def send_message_form(recipient: str) -> Answer:
    user = get_user(recipient)
    service.check_may_send(current_user, user)
    return render_template("messaging/send_message.html", form=MessageForm(), recipient=user)


@message_routes.post("/send_message/<recipient>")
@login_required
def send_message(recipient: str) -> Answer:
    form = MessageForm()
    if not form.validate_on_submit():
        user = get_user(recipient)
        service.check_may_send(current_user, user)
        return render_template("messaging/send_message.html", form=form, recipient=user), 422
    author = begin_write_signed_in()
    user = get_user(recipient)
    service.send_message(author, user, typed(form.message), sending_key=typed(form.sending_key))
    db.session.commit()
    flash(_("Your message has been sent."), "success")
    flash(user.username, SENT_TO)
    return redirect(url_for("accounts.user", username=user.username))


@message_routes.route("/send-message/<recipient>", methods=["GET", "POST"])
def send_message_by_other_name(recipient: str) -> Answer:
    return redirect(url_for("messaging.send_message", recipient=recipient), 308)


@message_routes.get("/messages")
@login_required
def messages() -> Answer:
    refuse_prefetch()
    page = page_number()
    person = begin_write_signed_in()
    new = service.read_all(person) if request.method == "GET" else _NOTHING_NEW
    received = existing(service.list_received(person.id, page, current_app.config["ITEMS_PER_PAGE"]))
    db.session.commit()
    return render_template("messaging/messages.html", messages=received, new=new)


@message_routes.get("/messages/sent")
@login_required
def sent_messages() -> Answer:
    sent = service.list_sent(current_user.id, page_number(), current_app.config["ITEMS_PER_PAGE"])
    return render_template("messaging/sent.html", messages=existing(sent))


@message_routes.get("/messages/with/<username>")
@login_required
def conversation(username: str) -> Answer:
    refuse_prefetch()
    return _conversation(username, MessageForm())


@message_routes.post("/messages/with/<username>")
@login_required
def reply(username: str) -> Answer:
    form = MessageForm()
    if not form.validate_on_submit():
        return _conversation(username, form), 422
    author = begin_write_signed_in()
    other = get_user(username)
    service.send_message(author, other, typed(form.message), sending_key=typed(form.sending_key))
    db.session.commit()
    flash(other.username, SENT_TO)
    return redirect(url_for("messaging.conversation", username=other.username))


def _conversation(username: str, form: MessageForm) -> str:
    page = page_number()
    person = begin_write_signed_in()
    other = get_user(username)
    service.check_may_send(person, other)
    new = service.read_conversation(person, other) if request.method == "GET" else _NOTHING_NEW
    size = current_app.config["ITEMS_PER_PAGE"]
    found = existing(service.list_conversation(person.id, other.id, page, size))
    db.session.commit()
    place = {"conversation_with": conversation_with, "other": other}
    return render_template("messaging/conversation.html", messages=found, form=form, new=new, **place)
