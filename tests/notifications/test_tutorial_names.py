"""What those who come from the tutorials call: on the model, also in `flask shell`, where there is no request."""

import pytest
from flask import Flask
from sqlalchemy import select

from tests.broadcasts.conftest import Hands
from tests.broadcasts.site import Site
from tests.people import Browser, People
from webpush_app.accounts.models import User
from webpush_app.database import db


@pytest.fixture
def told(susan: Browser, people: People, site: Site, hands: Hands) -> int:
    people.write(people("john"), susan.user_id, "hello")
    hands.move(minutes=3)
    site.start(title="News", body="Soup at noon.", link="/people")
    site.browser(susan.user_id)
    return susan.user_id


def test_unread_items_are_listed_oldest_first_and_the_other_way_round(app: Flask, told: int) -> None:
    with app.app_context():
        user = db.session.get_one(User, told)
        listed = user.get_unread_notifs()
        assert user.get_unread_notifs(reverse=True) == listed[::-1]
    message, news, device = listed
    assert message == {
        "id": 1,
        "title": "john",
        "text": "hello",
        "url": "/messages/with/john",
        "received_at": "3 minutes ago",
        "mark_read": "/inbox/1/read",
    }
    assert [news[name] for name in ("id", "title", "text", "url", "received_at")] == [
        *(2, "News", "Soup at noon.", "/people", "just now")
    ]
    assert (device["id"], device["url"]) == (3, "/user/susan")
    assert device["title"].startswith("New device: ")
    assert [set(one) for one in listed] == [set(message)] * 3


def test_the_link_that_is_listed_marks_it_as_read(app: Flask, told: int, susan: Browser) -> None:
    with app.app_context():
        links = [one["mark_read"] for one in db.session.get_one(User, told).get_unread_notifs()]
    for left, link in zip((2, 1, 0), links, strict=True):
        assert susan.get(link).status_code == 302
        with app.app_context():
            assert len(db.session.get_one(User, told).get_unread_notifs()) == left


def test_they_are_there_in_the_shell(app: Flask, told: int) -> None:
    with app.app_context():
        names = app.make_shell_context()
        user = names["db"].session.scalars(select(names["User"]).where(names["User"].id == told)).one()
        assert user.new_messages() == 1
        assert len(user.get_unread_notifs()) == 3
        assert user.add_notification("mood", {"is": "good"}).get_data() == {"is": "good"}
        db.session.rollback()
