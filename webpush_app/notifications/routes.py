"""`GET /notifications?since=`: what changed for me since then. Open pages ask every few seconds."""

from flask import Blueprint, Response, jsonify, request
from flask_login import current_user

from webpush_app.accounts.gate import reader_required
from webpush_app.notifications.news import as_json, list_since, read_since

notification_routes = Blueprint("notifications", __name__)


@notification_routes.get("/notifications")
@reader_required
def notifications() -> Response:
    since = read_since(request.args.get("since", "0"))
    reader_id: int = current_user.id
    answer: Response = jsonify(as_json(list_since(reader_id, since)))
    # Whose state this is: a page that was opened by somebody else, in another tab, must not show it.
    answer.headers["Webpush-User"] = str(reader_id)
    return answer
