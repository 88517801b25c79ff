"""`GET /notifications?since=`: what changed for me since then. Open pages ask every few seconds, and say what is looked
at in them."""

from flask import Blueprint, Response, jsonify, request
from flask_babel import gettext as _
from flask_login import current_user, login_required

from webpush_app.accounts.gate import begin_write_signed_in, own_session, reader_required
from webpush_app.database import db
from webpush_app.errors import InvalidInput
from webpush_app.notifications import presence
from webpush_app.notifications.news import as_json, list_since, read_since
from webpush_app.web import json_requests

notification_routes = Blueprint("notifications", __name__)
presence_routes = Blueprint("presence", __name__, url_prefix="/api/presence")
json_requests.guard(presence_routes)


@notification_routes.get("/notifications")
@reader_required
def notifications() -> Response:
    since = read_since(request.args.get("since", "0"))
    reader_id: int = current_user.id
    answer: Response = jsonify(as_json(list_since(reader_id, since)))
    # Whose state this is: a page that was opened by somebody else, in another tab, must not show it.
    answer.headers["Webpush-User"] = str(reader_id)
    return answer


@presence_routes.post("")
@login_required
def say_presence() -> Response:
    """`{"place": "conversation:12", "is_looking": true}`; what is not said again is over after a while."""
    given = json_requests.body()
    place, is_looking = given.get("place"), given.get("is_looking")
    if not presence.is_place(place) or not isinstance(is_looking, bool):
        raise InvalidInput(_("Say `place`, such as conversation:12, and `is_looking`: true or false."), field="place")
    session = own_session(begin_write_signed_in())
    (presence.look if is_looking else presence.leave)(session, str(place))
    db.session.commit()
    return jsonify({"status": "success", "result": {"is_looking": is_looking}})
