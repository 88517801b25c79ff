"""The named state that every admin of the site has: what needs one of them."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from webpush_app.accounts.models import User
from webpush_app.database import db
from webpush_app.notifications.service import put_notification, tick

OPERATOR_ALERT = "operator_alert"


def tell_admins(_sender: Any, *, news: Callable[[], Any]) -> None:
    """Within the caller's transaction. The news are asked for after the admins' clocks were taken: of two that happen
    at once, the later one then knows of both."""
    ticks = tick(db.session.scalars(select(User.id).where(User.is_admin)))
    data = news()
    for user_id, moment in ticks.items():
        put_notification(user_id, OPERATOR_ALERT, data, moment)
