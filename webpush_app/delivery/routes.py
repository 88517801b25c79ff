"""A test push to one's own browser, and what became of it."""

from flask import Blueprint, Response, jsonify, url_for
from flask_babel import gettext as _
from sqlalchemy import or_, select

from webpush_app.database import db
from webpush_app.delivery import trial, words
from webpush_app.delivery.models import FINAL, Push
from webpush_app.errors import Conflict, NotFound
from webpush_app.subscriptions import service
from webpush_app.subscriptions.models import PushSubscription
from webpush_app.subscriptions.routes import begin_write_as, viewer
from webpush_app.web import json_requests
from webpush_app.web.error_pages import message_for

delivery_routes = Blueprint("delivery", __name__, url_prefix="/api")
json_requests.guard(delivery_routes)


@delivery_routes.post("/push-subscriptions/<int(max=2147483647):subscription_id>/test")
def send_test(subscription_id: int) -> tuple[Response, int]:
    row = service.get_own(subscription_id, begin_write_as())
    if row.off_at is not None:
        raise Conflict(_("Notifications are off on this browser. Turn them on first."))
    push_id = trial.send_test(row.id)
    db.session.commit()
    result = {"push": push_id, "url": url_for("delivery.show_push", push_id=push_id)}
    return jsonify({"status": "success", "result": result}), 202


@delivery_routes.get("/pushes/<int(max=9223372036854775807):push_id>")
def show_push(push_id: int) -> Response:
    """One's own alone: to a browser of this person or stranger, and not what was for somebody who had it before."""
    who = viewer()
    query = select(Push).join(PushSubscription, PushSubscription.id == Push.subscription_id).where(who.owns())
    is_theirs = or_(Push.recipient_id.is_(None), Push.recipient_id == who.user_id)
    push = db.session.scalar(query.where(Push.id == push_id, is_theirs))
    if push is None:
        raise NotFound(message_for(404))
    return jsonify(
        {
            "status": "success",
            "result": {
                "id": push.id,
                "state": push.state,
                "is_final": push.state in FINAL,
                "attempts": push.attempts,
                "answer_status": push.answer_status,
                "answered_at": push.answered_at.isoformat() if push.answered_at else None,
                "words": words.describe(push),
            },
        }
    )
