"""How an inbox stands, told in every way there is: by the rows, counted one by one; by what open pages are told; by a
page that is opened; and by the names of the tutorials. They have to agree."""

import json
import re
from html import unescape
from typing import Any

from flask import Flask
from sqlalchemy import select

from tests.people import Browser
from webpush_app.accounts.models import User
from webpush_app.database import db
from webpush_app.messaging.models import Message
from webpush_app.notifications.listing import get_unread_notifs
from webpush_app.notifications.models import InboxItem, InboxMark, NotificationClock
from webpush_app.notifications.news import list_since
from webpush_app.notifications.unread import MOST_NAMED, standings_of

MESSAGES, INBOX = "unread_message_count", "inbox"


class Inboxes:
    def __init__(self, app: Flask) -> None:
        self.app = app

    def items(self) -> list[InboxItem]:
        """Every one that is stored, the oldest first."""
        with self.app.app_context():
            return list(db.session.scalars(select(InboxItem).order_by(InboxItem.id)))

    def marks(self) -> list[tuple[int, int]]:
        """Who has read what, of what is for many."""
        with self.app.app_context():
            rows = db.session.scalars(select(InboxMark)).all()
            return sorted((row.user_id, row.item_id) for row in rows)

    def unread(self, user_id: int) -> list[int]:
        """Counted by hand, row by row; the newest first."""
        with self.app.app_context():
            person = db.session.get_one(User, user_id)
            clock = db.session.get(NotificationClock, user_id)
            up_to = clock.read_up_to if clock else 0
        marked = {item_id for reader_id, item_id in self.marks() if reader_id == user_id}
        found = []
        for item in self.items():
            if item.user_id is None:
                is_theirs = item.language in (None, person.locale or "en") and item.created_at >= person.created_at
                is_read = item.id <= up_to or item.id in marked
            else:
                is_theirs, is_read = item.user_id == user_id, item.read_at is not None
            if is_theirs and not is_read:
                found.append(item.id)
        return found[::-1]

    def unread_messages(self, user_id: int) -> int:
        with self.app.app_context():
            rows = db.session.scalars(select(Message).where(Message.recipient_id == user_id)).all()
            return len([row for row in rows if row.read_at is None])

    def told(self, user_id: int, since: int = 0) -> dict[str, Any]:
        """What a page knows that was told everything since then."""
        with self.app.app_context():
            return {news.name: news.data for news in list_since(user_id, since)}

    def moment(self, user_id: int) -> int:
        with self.app.app_context():
            return standings_of([user_id])[user_id].moment

    def stand(self, *user_ids: int) -> dict[int, dict[str, Any]]:
        with self.app.app_context():
            return {user_id: standing.inbox.to_json() for user_id, standing in standings_of(user_ids).items()}

    def check(self, *browsers: Browser) -> None:
        """That all who can tell say the same."""
        stand = self.stand(*(browser.user_id for browser in browsers))
        assert self.stand(*stand) == {user_id: self.stand(user_id)[user_id] for user_id in stand}
        for browser in browsers:
            self._check(browser, stand[browser.user_id])

    def _check(self, browser: Browser, standing: dict[str, Any]) -> None:
        unread, messages = self.unread(browser.user_id), self.unread_messages(browser.user_id)
        assert (standing["count"], standing["unread"]) == (len(unread), unread[:MOST_NAMED])
        told = self.told(browser.user_id)
        assert told.get(INBOX, standing if not unread else None) == standing
        assert told.get(MESSAGES, 0) == messages
        page = Navigation(browser.get("/people").text)
        assert (page.bell, page.badge, page.inbox, page.in_title) == (len(unread), messages, standing, len(unread))
        with self.app.app_context():
            person = db.session.get_one(User, browser.user_id)
            assert [one["id"] for one in get_unread_notifs(person, reverse=True)] == unread
        self._check_messages(browser.user_id)

    def _check_messages(self, user_id: int) -> None:
        """An item and what it is about are read together."""
        own = {item.subject_id: item for item in self.items() if (item.user_id, item.kind) == (user_id, "message")}
        with self.app.app_context():
            for row in db.session.scalars(select(Message).where(Message.recipient_id == user_id)):
                assert (row.read_at is None) == (own[row.id].read_at is None), row.id


class Navigation:
    """What a page that is opened says of what is unread."""

    def __init__(self, markup: str) -> None:
        self.bell = self._number("notification_count", markup)
        self.badge = self._number("message_count", markup)
        self.inbox = json.loads(unescape(_one(r'data-inbox="([^"]*)"', markup)))
        self.since = float(_one(r'data-since="([^"]*)"', markup))
        in_title = re.search(r"<title>\((\d+)\) ", markup)
        self.in_title = int(in_title.group(1)) if in_title else 0

    def _number(self, name: str, markup: str) -> int:
        attributes, number = re.findall(rf'id="{name}"([^>]*)><span class="number">(\d+)<', markup)[0]
        assert (number == "0") == ("hidden" in attributes)
        return int(number)


def _one(pattern: str, text: str) -> str:
    (found,) = re.findall(pattern, text)
    return str(found)
