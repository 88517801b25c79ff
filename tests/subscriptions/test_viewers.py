"""For whom a page was opened, and who is signed in when it asks: a tab that was left open must not act for the next."""

from functools import partial

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests.people import Browser
from tests.subscriptions.devices import API, OWN, Device, assert_refused, post, rows, subscribe
from tests.subscriptions.meanwhile import post_while
from webpush_app.accounts import sessions
from webpush_app.broadcasts.models import Broadcast
from webpush_app.database import db
from webpush_app.web.json_requests import USER_HEADER


def test_every_answer_says_whose_it_is(susan: Browser, stranger: FlaskClient) -> None:
    """A page that somebody else opened, before they signed out, must not act on it."""
    for client, said in ((susan.client, str(susan.user_id)), (stranger, "")):
        for answer in (
            client.get(API),
            post(client, Device().to_json()),
            client.post(API),
            client.get("/api/pushes/1"),
        ):
            assert answer.headers[USER_HEADER] == said


def test_a_page_of_somebody_elses_changes_nothing(app: Flask, susan: Browser, stranger: FlaskClient) -> None:
    number = subscribe(susan.client)
    hers = str(susan.user_id)
    for client, said in ((susan.client, ""), (susan.client, f"{hers}0"), (susan.client, "x"), (stranger, hers)):
        headers = {**OWN, USER_HEADER: said}
        answer = client.post(API, json=Device().to_json(), headers=headers)
        assert "Load this page again." in assert_refused(answer, 409, "other_viewer")
        assert_refused(client.delete(API, json={"id": number}, headers=headers), 409, "other_viewer")
        assert_refused(client.post(f"{API}/{number}/test", json={}, headers=headers), 409, "other_viewer")
    assert [row.id for row in rows(app)] == [number]
    for client, said in ((susan.client, hers), (stranger, "")):
        assert client.post(API, json=Device().to_json(), headers={**OWN, USER_HEADER: said}).status_code == 201


def test_nor_does_a_page_that_was_an_admins(app: Flask, susan: Browser, admin: Browser) -> None:
    """Two admins at one browser: what the first has written is not sent in the name of the second."""
    answer = admin.client.post(
        "/admin-api/trigger-push-notifications",
        json={"title": "x", "body": "y"},
        headers={**OWN, USER_HEADER: str(susan.user_id)},
    )
    assert_refused(answer, 409, "other_viewer")
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Broadcast)) == 0


def test_who_signs_out_while_the_request_is_on_its_way_is_somebody_else_by_then(app: Flask, susan: Browser) -> None:
    said = {USER_HEADER: str(susan.user_id)}
    sign_out = partial(sessions.end_all_sessions, susan.user_id)
    answer = post_while(susan.client, API, Device().to_json(), sign_out, **said)
    assert_refused(answer, 409, "other_viewer")
    assert rows(app) == []
