"""The cast: people, and the browsers they sit at. Forms are sent as a browser sends them, with the page's token."""

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from webpush_app.accounts import service, sessions
from webpush_app.accounts.models import User
from webpush_app.database import begin_write, db
from webpush_app.messaging import service as messaging
from webpush_app.messaging.models import Message

PASSWORD = "correct horse battery"


def csrf_token(page: TestResponse) -> str:
    return hidden_field(page, "csrf_token")


def hidden_field(page: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]+)"', page.text)
    assert found, "the page has no such form"
    return found.group(1)


def submit(client: FlaskClient, path: str, fields: dict[str, Any] | None = None, *, form_at: str | None = None) -> Any:
    """Open the page of a form and send it."""
    token = csrf_token(client.get(form_at or path))
    return client.post(path, data={"csrf_token": token, **(fields or {})})


class Browser:
    """A test client in which one person is signed in."""

    def __init__(self, client: FlaskClient, user_id: int, username: str) -> None:
        self.client = client
        self.user_id = user_id
        self.username = username

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def submit(self, path: str, fields: dict[str, Any] | None = None, *, form_at: str | None = None) -> TestResponse:
        answer: TestResponse = submit(self.client, path, fields, form_at=form_at)
        return answer

    def send(self, recipient: str, text: str) -> TestResponse:
        return self.submit(f"/send_message/{recipient}", {"message": text})

    def badge(self) -> int:
        """What the navigation of a page shows; 0 where it is hidden."""
        found = re.search(r'id="message_count"([^>]*)><span class="number">(\d+)<', self.get("/people").text)
        assert found, "the navigation has no badge"
        shown, hidden = int(found.group(2)), "hidden" in found.group(1)
        assert (shown == 0) == hidden
        return shown


class People:
    def __init__(self, app: Flask, password_hash: str) -> None:
        self.app = app
        self.password_hash = password_hash

    def __call__(self, username: str, *, is_admin: bool = False) -> int:
        with self.app.app_context():
            begin_write()
            user = service.create_user(username, self.password_hash, is_admin=is_admin, may_be_reserved=True)
            db.session.commit()
            return user.id

    def browser(self, username: str) -> Browser:
        """Somebody's browser, signed in without the wait for a password hash; the person is created where missing."""
        with self.app.app_context():
            known = db.session.scalar(select(User.id).where(User.username == username))
        user_id = known or self(username)
        client = self.app.test_client()
        with self.app.test_request_context("/login", headers={"User-Agent": "Firefox/150.0 (X11; Linux)"}):
            begin_write()
            user = db.session.get_one(User, user_id)
            sessions.start_session(user, is_remembered=False)
            token = user.login_token
            db.session.commit()
        with client.session_transaction() as session:
            session["_user_id"] = token
            session["_fresh"] = True
        return Browser(client, user_id, username)

    def write(self, author_id: int, recipient_id: int, *texts: str) -> None:
        """Messages sent, by the service that the pages use."""
        with self.app.app_context():
            for text in texts:
                begin_write()
                author, recipient = (db.session.get_one(User, user_id) for user_id in (author_id, recipient_id))
                messaging.send_message(author, recipient, text)
                db.session.commit()

    def bodies(self) -> list[str]:
        """Every message that is stored, oldest first."""
        with self.app.app_context():
            return list(db.session.scalars(select(Message.body).order_by(Message.id)))
