"""What the site itself tells a person: that another browser gets their notifications now."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from flask_babel import gettext as _
from sqlalchemy import select

from webpush_app.accounts.models import User
from webpush_app.database import db
from webpush_app.notifications.inbox import add_item
from webpush_app.notifications.kinds import Kind, Said
from webpush_app.notifications.models import InboxItem
from webpush_app.notifications.service import tick
from webpush_app.subscriptions.service import browser_joined
from webpush_app.web import user_agent

NEW_DEVICE = "new_device"


def tell_of_new_device(_sender: Any, *, user_id: int, subscription_id: int, browser: str) -> None:
    """Within the transaction that subscribes it."""
    add_item(user_id, NEW_DEVICE, subscription_id, tick([user_id])[user_id], data={"browser": browser})


def describe(items: Sequence[InboxItem]) -> Mapping[int, Said]:
    owners = {item.user_id for item in items}
    names = {
        row.id: row.username for row in db.session.execute(select(User.id, User.username).where(User.id.in_(owners)))
    }
    return {item.id: _said(item, names) for item in items if item.user_id in names}


def _said(item: InboxItem, names: Mapping[int, str]) -> Said:
    browser = user_agent.in_words(str(item.get_data()["browser"]))
    text = _(
        "%(browser)s shows your notifications from now on. If you did not turn them on there, sign that browser out in "
        "your profile and change your password.",
        browser=browser,
    )
    return Said(_("New device: %(browser)s", browser=browser), text, f"/user/{quote(names[item.user_id or 0])}")


DEVICES = Kind(describe)
browser_joined.connect(tell_of_new_device)
