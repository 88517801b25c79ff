"""`GET /notifications?since=`: what changed for me since then. Open pages ask every few seconds."""

from decimal import Decimal, InvalidOperation

from flask import Blueprint, Response, jsonify, request
from flask_babel import gettext as _
from flask_login import current_user, login_required

from webpush_app.errors import InvalidInput
from webpush_app.notifications import service

notification_routes = Blueprint("notifications", __name__)

MICROSECONDS = 1_000_000
_LATEST_SECONDS = 2**53 // MICROSECONDS  # beyond this a JSON number is no longer exact
_LONGEST = 40


@notification_routes.get("/notifications")
@login_required
def notifications() -> Response:
    since = _microseconds(request.args.get("since", "0"))
    answer: Response = jsonify(
        [
            {"name": row.name, "data": row.get_data(), "timestamp": row.timestamp / MICROSECONDS}
            for row in service.list_since(current_user.id, since)
        ]
    )
    # Whose state this is: a page that was opened by somebody else, in another tab, must not show it.
    answer.headers["Webpush-User"] = str(current_user.id)
    return answer


def _microseconds(since: str) -> int:
    """Seconds, as the timestamps are given out; read as a decimal number, because a float would be rounded."""
    try:
        seconds = Decimal(since) if len(since) <= _LONGEST and since.isascii() and "_" not in since else Decimal("NaN")
    except InvalidOperation:
        seconds = Decimal("NaN")
    if not (seconds.is_finite() and 0 <= seconds <= _LATEST_SECONDS):
        raise InvalidInput(
            _("`since` is a timestamp from an earlier answer: seconds since 1970, such as 1700000000.5"), field="since"
        )
    return int(seconds * MICROSECONDS)
