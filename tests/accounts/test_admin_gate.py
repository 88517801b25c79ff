"""What is for admins alone: asked at the door, and again when the writing begins."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.people import Browser, csrf_token
from tests.subscriptions.meanwhile import post_while
from webpush_app.accounts import sessions
from webpush_app.accounts.models import User
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import db

TRIGGER = "/admin-api/trigger-push-notifications"
OWN = {"Origin": "http://localhost"}
FORM = {"title": "News", "body": "for all", "link": "", "audience": "everyone"}


def _broadcasts(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Broadcast.title)))


def test_an_admin_is_let_in(app: Flask, admin: Browser) -> None:
    assert admin.get("/admin").status_code == 200
    assert admin.submit("/admin", FORM).status_code == 302
    assert admin.client.post(TRIGGER, json={"title": "x", "body": "y"}, headers=OWN).status_code == 201
    assert _broadcasts(app) == ["News", "x"]


def test_a_stranger_is_asked_to_sign_in(app: Flask, stranger: FlaskClient) -> None:
    token = csrf_token(stranger.get("/login"))
    for answer in (stranger.get("/admin"), stranger.post("/admin", data={**FORM, "csrf_token": token})):
        assert answer.status_code == 302
        assert answer.location == "/login?next=/admin"
    answer = stranger.post(TRIGGER, json={"title": "x", "body": "y"}, headers=OWN)
    assert (answer.status_code, (answer.json or {})["code"]) == (401, "not_signed_in")
    assert stranger.get("/admin-api/broadcasts/1").status_code == 401
    assert _broadcasts(app) == []


def test_who_is_no_admin_is_turned_away(app: Flask, susan: Browser) -> None:
    token = csrf_token(susan.get("/edit_profile"))
    for answer in (susan.get("/admin"), susan.client.post("/admin", data={**FORM, "csrf_token": token})):
        assert answer.status_code == 403
        assert "This page is for the admins of this site." in answer.text
    for answer in (
        susan.client.post(TRIGGER, json={"title": "x", "body": "y"}, headers=OWN),
        susan.get("/admin-api/broadcasts/1"),
    ):
        assert (answer.status_code, (answer.json or {})["code"]) == (403, "not_allowed")
    assert _broadcasts(app) == []


def test_who_is_no_admin_gives_no_contact_address(app: Flask, susan: Browser, admin: Browser) -> None:
    token = csrf_token(susan.get("/edit_profile"))
    fields = {"contact_email": "mallory@example.com", "csrf_token": token}
    assert susan.client.post("/admin/contact", data=fields).status_code == 403
    assert "mallory@example.com" not in admin.get("/admin").text


@pytest.mark.parametrize(
    ("lose", "status"),
    [
        (lambda user_id: db.session.execute(update(User).where(User.id == user_id).values(is_admin=False)), 403),
        (sessions.end_all_sessions, 401),
    ],
    ids=["is no admin any more", "is signed out"],
)
def test_who_is_no_admin_any_more_when_the_writing_begins_writes_nothing(
    app: Flask, admin: Browser, lose: Any, status: int
) -> None:
    answer = post_while(admin.client, TRIGGER, {"title": "x", "body": "y"}, lambda: lose(admin.user_id))
    assert answer.status_code == status
    assert _broadcasts(app) == []


def test_only_admins_are_shown_the_way(susan: Browser, admin: Browser, stranger: FlaskClient) -> None:
    assert 'href="/admin"' in admin.get("/people").text
    assert 'href="/admin"' not in susan.get("/people").text
    assert 'href="/admin"' not in stranger.get("/").text
