"""What tests of pushes to people with inboxes share: their browsers, their items, and what a browser was told."""

from typing import Any

from sqlalchemy import delete, select

from tests.delivery.outgoing import Device, Outgoing
from webpush_app.database import db
from webpush_app.notifications import notices
from webpush_app.notifications.models import InboxItem


def browser(outgoing: Outgoing, user_id: int | None) -> Device:
    """That a browser was added is an item too; here it is as if that had been read long ago."""
    device = outgoing.device(user_id)
    outgoing.execute(delete(InboxItem).where(InboxItem.kind == notices.NEW_DEVICE))
    return device


def items(outgoing: Outgoing) -> list[int]:
    with outgoing.app.app_context():
        return list(db.session.scalars(select(InboxItem.id).order_by(InboxItem.id)))


def pushes(device: Device) -> list[dict[str, Any]]:
    return [received.json() for received in device.subscribed.received]
